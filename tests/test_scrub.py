"""No secret, host or path gets past the scrubber, in whatever form it is repeated."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lmproxy.scrub import DEEPEST, MASK, SHORTEST_SECRET, Scrubber, mask

KEY = "vendor/key+0123456789abcdef=="
HOST = "gpu-01.corp.example:8000"
SCRUBBER = Scrubber([KEY, "Bearer header-value-12345", "short-1"], [HOST, "vllm:8000"])

FORMS: dict[str, Callable[[str], str]] = {
    "raw": lambda key: key,
    "percent-encoded": lambda key: quote(key, safe=""),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 without padding": lambda key: base64.b64encode(key.encode()).decode().rstrip("="),
    "URL-safe base64": lambda key: base64.urlsafe_b64encode(key.encode()).decode(),
    "JSON-escaped": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "elided with dots": lambda key: f"{key[:6]}...{key[-4:]}",
    "elided with an ellipsis": lambda key: f"{key[:4]}…{key[-4:]}",
    "starred": lambda key: f"{key[:8]}{'*' * 20}{key[-4:]}",
    "cut": lambda key: key[:12],
}

secrets = st.text(min_size=SHORTEST_SECRET, max_size=40).filter(lambda s: s not in MASK)
texts = st.text(max_size=60)


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_masked_in_every_form(form: str) -> None:
    shown = FORMS[form](KEY)

    clean = SCRUBBER.text(f"Incorrect key provided: {shown} (see the docs)")

    assert clean.startswith(f"Incorrect key provided: {MASK}")
    assert clean.endswith(" (see the docs)")
    assert shown not in clean
    assert KEY[-4:] not in clean


@given(secrets, texts, texts)
def test_no_secret_survives_whatever_surrounds_it(secret: str, before: str, after: str) -> None:
    assume(secret not in before + MASK + after)

    clean = Scrubber([secret]).text(before + secret + after)

    assert secret not in clean


@given(secrets, secrets, texts)
def test_no_secret_survives_beside_another(one: str, other: str, between: str) -> None:
    assume(one not in MASK + between + MASK)
    assume(other not in MASK + between + MASK)

    clean = Scrubber([one, other]).text(one + between + other)

    assert one not in clean
    assert other not in clean


@given(secrets, texts, st.sampled_from(["percent-encoded", "base64", "URL-safe base64"]))
def test_no_secret_survives_encoded(secret: str, before: str, form: str) -> None:
    shown = FORMS[form](secret)
    assume(shown not in MASK)

    assert shown not in Scrubber([secret]).text(f"{before} {shown}")


@given(secrets, st.lists(texts, max_size=3))
def test_no_secret_survives_in_a_json_value(secret: str, others: list[str]) -> None:
    assume(not any(secret in other for other in others))
    value: dict[str, Any] = {"a": [secret, {"b": f"x {secret}"}, *others], secret: 1}

    clean = Scrubber([secret]).value(value)

    strings = [clean["a"][0], clean["a"][1]["b"], *(key for key in clean if key != "a")]
    assert not any(secret in text for text in strings)


def test_the_value_of_a_header_is_masked_without_its_scheme_too() -> None:
    assert SCRUBBER.text("got header-value-12345!") == f"got {MASK}!"
    assert SCRUBBER.text("the Bearer is it") == "the Bearer is it"


def test_words_too_short_for_a_secret_are_left_alone() -> None:
    scrubber = Scrubber(["abcde", "", "abcdef"])

    assert scrubber.text("abcde abcdef") == f"abcde {MASK}"


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("sk-proj-abc123DEF456", id="OpenAI"),
        pytest.param("sk-…wxyz", id="OpenAI, elided"),
        pytest.param("sk-ant-api03-abcdefgh", id="Anthropic"),
        pytest.param("AIzaSyA1234567890abcdefg", id="Google"),
        pytest.param("AKIAIOSFODNN7EXAMPLE", id="AWS"),
        pytest.param("ghp_abcdefghijklmnop1234", id="GitHub"),
        pytest.param("eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl", id="JWT"),
    ],
)
def test_what_looks_like_a_secret_is_masked_without_being_known(secret: str) -> None:
    clean = Scrubber().text(f"key={secret}, twice: '{secret}'")

    assert secret not in clean
    assert clean.count(MASK) == 2


@pytest.mark.parametrize(
    "said",
    [
        *("sk-proj-abc123DEF456", "AIzaSyA1234567890abcdefg", "AKIAIOSFODNN7EXAMPLE"),
        *("gho_abcdefghijklmnop1234", "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl"),
        *("-----BEGIN RSA PRIVATE KEY-----MIIE", "Bearer abcdef", "?key=abc", "x://user:pass@host"),
    ],
)
def test_each_of_these_is_masked_where_nothing_else_looks_secret(said: str) -> None:
    assert MASK in Scrubber().text(f"a {said}")


@pytest.mark.parametrize("before", ["", "x-", "a.", "eyJ-", "https://host/"])
def test_a_token_is_masked_whatever_stands_before_it(before: str) -> None:
    clean = Scrubber().text(f"it was {before}eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl, once")

    assert clean.endswith(f"{MASK}, once")
    assert "eyJhbGci" not in clean


def test_a_word_full_of_beginnings_of_tokens_takes_no_time() -> None:
    text = "-eyJ" * 32_000
    before = time.process_time()

    assert Scrubber().text(text) == text
    assert time.process_time() - before < 10  # A fraction of a second; minutes if it were squared.


def test_credentials_in_urls_headers_and_pem_are_masked() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"
    text = f"http://user:pass@host/ Bearer abcdef ?key=abc&x=1 {pem} end"

    clean = Scrubber().text(text)

    assert clean == f"http://{MASK}@host/ Bearer {MASK} ?key={MASK}&x=1 {MASK} end"


@pytest.mark.parametrize(
    "inside",
    [
        *(HOST, "gpu-01.corp.example", "GPU-01.corp.example", "vllm", "http://vllm:8000/v1"),
        *("10.1.2.3", "10.1.2.3:8000", "localhost:9000", "/home/me/app/x.bin", "/srv/models/a"),
        *("file:///srv/models/a", "/somewhere/else/code.py"),
    ],
)
def test_hosts_and_paths_are_taken_out_of_messages_only(inside: str) -> None:
    said = f"failed at {inside} again"

    clean = SCRUBBER.message(said)

    assert inside.removeprefix("http://").removesuffix("/v1") not in clean
    assert clean.startswith("failed at ")
    assert clean.endswith(" again")
    assert SCRUBBER.text(said) == said


def test_a_traceback_is_cut_off_whole() -> None:
    said = 'Oops. Traceback (most recent call last):\n  File "x", line 1\nKeyError: secret_name'

    assert SCRUBBER.message(said) == "Oops. [internal]"


@pytest.mark.parametrize(
    "said",
    [
        "Unknown parameter: 'frobnicate'. See https://platform.example/docs/api/errors.",
        "The model `gpt-4o-2024-11-20` has 128000 tokens, you asked for 130000 (a/b, 1/2).",
        "Use vllm-project/vllm or myvllm; ratio 3.5.1",
        "messages[0].content: expected str, got None",
    ],
)
def test_ordinary_words_pass_as_they_are(said: str) -> None:
    assert Scrubber(["an-unrelated-secret"], ["other:80"]).message(said) == said


WORDY = "mistral-secret-key"


@pytest.mark.parametrize(
    "said",
    ["m/mistral-large", "mistral-small-latest", "mistral-sec2", "mistral_secret", "a mistral wind"],
)
def test_a_word_that_begins_as_a_key_does_is_no_key(said: str) -> None:
    assert Scrubber([WORDY, "claude-3-team-key-1"]).text(f"model {said}!") == f"model {said}!"
    assert Scrubber([WORDY, "claude-3-team-key-1"]).text("claude-3-opus") == "claude-3-opus"


@pytest.mark.parametrize(
    "shown",
    [
        *("mistral-secret-key", "mistral-secret-k", "mistral-***********key", "mistral-...-key"),
        *(
            "mistral-s…key",
            "mistral-xxxxxxxx",
            "mistral-________",
            "mistral-[cut]",
            "mistral-•••key",
        ),
    ],
)
def test_the_head_of_a_key_made_of_words_is_masked_where_it_ends(shown: str) -> None:
    assert Scrubber([WORDY]).text(f"the key {shown} is wrong") == f"the key {MASK} is wrong"


@given(
    st.text("abcdefghij0123456789-_+/=", min_size=16, max_size=100),
    st.integers(8, 100),
    st.sampled_from(["", " ", ",", ")", "...", "…", "***", "xxxx", '"', "\\n"]),
)
def test_no_head_of_a_secret_survives_wherever_it_is_cut(secret: str, cut: int, end: str) -> None:
    shown = secret[:cut]
    assume(shown not in MASK + end)

    assert shown not in Scrubber([secret]).text(f"key {shown}{end}")


def test_a_host_is_found_only_as_a_word() -> None:
    assert SCRUBBER.message("myvllm vllm-2 vllm.") == "myvllm vllm-2 [upstream]."


@given(st.text(min_size=501))
def test_a_message_is_cut_to_its_limit(text: str) -> None:
    assert len(Scrubber().message(text)) <= 500


def test_a_value_keeps_its_shape_and_what_is_no_text() -> None:
    value = {"a": [1, 2.5, None, True, "10.0.0.1"], "b": {"10.0.0.2": []}}

    clean = SCRUBBER.value(value)

    assert clean == {"a": [1, 2.5, None, True, "[internal]"], "b": {"[internal]": []}}


def test_what_lies_too_deep_is_left_out() -> None:
    deep: Any = "end"
    for _ in range(DEEPEST):
        deep = [deep]

    assert SCRUBBER.value(deep) == deep
    assert "end" not in str(SCRUBBER.value([deep]))


def test_a_callers_own_credentials_are_masked_in_free_text() -> None:
    assert mask("user team-key-1 and abc", ["team-key-1", "abc"]) == f"user {MASK} and abc"
