"""What may stand in `[[before]]` and `[[after]]`, and what `check` says of the rest."""

from pathlib import Path

import pytest

from lmproxy.handlers.headers_forwarder import HTTPHeadersForwarder
from tests.conftest import TEAM_KEY, base_config, bearer, chat
from tests.handlers.own import OWN
from tests.harness import configs, patient
from tests.harness.proxy import Proxy
from tests.provider.server import Provider

LIMITER = "lm_proxy.handlers.RateLimiter"
FORWARDER = "lm_proxy.handlers.HTTPHeadersForwarder"


def wrong(folder: Path, tail: str) -> list[str]:
    """What is wrong with a config that ends with this, its line numbers taken off."""
    (folder / "own.py").write_text(OWN)
    content = configs.text(tail=tail)
    found = configs.problems(folder, content)
    for words in found:
        number = int(words.removeprefix("line ").partition(":")[0])
        assert tail.splitlines()[0] in content.splitlines()[:number]
    return [words.partition(": ")[2] for words in found]


@pytest.mark.parametrize(
    "tail",
    [
        f'[[before]]\nclass = "{LIMITER}"\nmax_requests = 10\nwindow_seconds = 60\nper = "api_key"',
        f'[[before]]\nclass = "{FORWARDER}"\nwhite_list_headers = ["x-trace-id", "traceparent"]',
        '[[before]]\nclass = "rate_limiter"\n[[before]]\nclass = "own.Model"\nmodel = "x"',
        '[[before]]\nclass = "headers_forwarder"\nwhite_list_headers = ["x-author"]',
        '[[before]]\nclass = "own.cap"',
        '[[after]]\nclass = "own.ended"',
    ],
)
def test_these_are_good(tmp_path: Path, tail: str) -> None:
    assert wrong(tmp_path, tail) == []


@pytest.mark.parametrize(
    ("tail", "words"),
    [
        ('[[before]]\nclass = "own.nothing"', "before.0.class: there is no 'own.nothing'"),
        ('[[before]]\nclass = "rate_limit"', "did you mean 'rate_limiter'?"),
        ('[[before]]\nclass = "lm_proxy.handlers.RateLimit"', "did you mean 'lm_proxy.handlers."),
        ('[[before]]\nclass = "rate_limiter"\nmax_request = 5', "did you mean 'max_requests'?"),
        ('[[before]]\nclass = "rate_limiter"\nmax_requests = 0', "before.0.max_requests: must be"),
        ('[[before]]\nclass = "rate_limiter"\nwindow_seconds = 0', "window_seconds: must be"),
        (
            '[[before]]\nclass = "rate_limiter"\nper = "user"',
            "before.0.per: must be 'api_key', 'connection', 'group', 'ip' or 'global'",
        ),
        ('[[before]]\nclass = "headers_forwarder"', "every header of every client would go on"),
        ('[[before]]\nclass = "own.OWN"', "there is no 'own.OWN'"),
        ('[[before]]\nclass = "own.Model"', "before.0.model: is required"),
        ('[[after]]\nclass = "own.nothing"', "after.0.class: there is no 'own.nothing'"),
        ('[[after]]\nclass = "rate_limiter"', "after.0.class: there is no 'rate_limiter'"),
    ],
)
def test_these_are_told_with_their_line(tmp_path: Path, tail: str, words: str) -> None:
    (found,) = wrong(tmp_path, tail)

    assert words in found


@pytest.mark.parametrize(
    "name",
    [
        "authorization", "Cookie", "set-cookie", "x-api-key", "api-key", "proxy-authorization",
        "connection", "Host", "content-length", "content-type", "x-goog-api-key", "x-amz-date",
        "transfer-encoding", "te", "upgrade", "accept-encoding", "x-auth-token", "x-vault-token",
        "x-auth", "x-my-secret", "user-agent", "with space", "a:b", "",
    ],
)  # fmt: skip
def test_a_credential_or_framing_is_never_forwarded(tmp_path: Path, name: str) -> None:
    tail = f'[[before]]\nclass = "headers_forwarder"\nwhite_list_headers = ["x-a", "{name}"]'

    (found,) = wrong(tmp_path, tail)

    assert f"before.0.white_list_headers: '{name.lower()}' never goes on" in found
    assert "take it out of the list" in found


def test_one_that_is_ignored_anyway_is_no_mistake() -> None:
    made = HTTPHeadersForwarder(("X-A", "Authorization"), ("authorization",))

    assert made.names == ("x-a",)


def test_a_python_config_may_have_functions_and_classes(provider: Provider, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)
    text = (
        f"import own\n\nconfig = {base_config(provider)!r}\n"
        'config["before"] = [own.cap, own.Put(seed=5)]\nconfig["after"] = [own.ended]\n'
    )
    with Proxy(text, tmp_path, name="proxy.py") as proxy:
        answer = patient.post(
            f"{proxy.api}/chat/completions", headers=bearer(TEAM_KEY), json=chat("handlers-python")
        )
        (request,) = provider.requests_for("handlers-python")

    assert answer.status_code == 200
    assert request.json is not None
    assert (request.json["max_tokens"], request.json["seed"]) == (7, 5)


@pytest.mark.parametrize("key", ["before", "after"])
def test_what_a_handler_gets_from_the_environment_is_a_secret(tmp_path: Path, key: str) -> None:
    (tmp_path / "own.py").write_text(OWN)
    content = configs.text(tail=f'[[{key}]]\nclass = "own.Model"\nmodel = "env:HANDLER"')

    assembly = configs.assembled(tmp_path, content, HANDLER="handler-secret-0123456789")

    assert "handler-secret-0123456789" in assembly.config.secrets()
