"""What a command is asked and what its client hears: a real proxy, real SDKs, real commands."""

import json
import os
from typing import Any

import anthropic
import httpx
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.children.conftest import GIVEN, SECRET
from tests.conftest import TEAM_KEY, bearer
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.harness.waiting import until

NASTY = """$(touch /tmp/x) `id` ; rm -rf . | cat && "quoted" 'single' \\ * ? ~ $HOME
second line\t\U0001f600"""
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200
)  # fmt: skip
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def ask(model: str, prompt: Any = "hello", **more: Any) -> Any:
    return {"model": model, "messages": [{"role": "user", "content": prompt}], **more}


def calling(model: str, tool_calls: Any) -> Any:
    return {"model": model, "messages": [{"role": "assistant", "tool_calls": tool_calls}]}


def post(proxy: Proxy, body: Any) -> httpx.Response:
    url = f"{proxy.api}/chat/completions"
    return patient.post(url, json=body, headers=bearer(TEAM_KEY))


def said(proxy: Proxy, model: str, prompt: str) -> str:
    answer = post(proxy, ask(model, prompt))
    assert answer.status_code == 200, answer.text
    text: str = answer.json()["choices"][0]["message"]["content"]
    return text


def test_a_line_arrives_before_the_next_is_written(client: openai.OpenAI, proxy: Proxy) -> None:
    fifo = proxy.folder / "go.fifo"
    os.mkfifo(fifo)

    with client.chat.completions.create(**ask("lines", stream=True)) as stream:
        pieces = (chunk.choices[0].delta.content for chunk in stream if chunk.choices)
        first = next(piece for piece in pieces if piece)
        fifo.write_text("go\n")
        rest = [piece for piece in pieces if piece]

    assert (first, "".join(rest)) == ("one", "\ntwo")


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("model", ["printed", "read"])
def test_every_dialect_is_answered(
    model: str, stream: bool, client: openai.OpenAI, claude: anthropic.Anthropic, proxy: Proxy
) -> None:
    chat = client.chat.completions.with_raw_response.create(**ask(model, stream=stream))
    message: Any = {**ask(model), "max_tokens": 9}
    if stream:
        chunks = list(chat.parse())
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        with claude.messages.stream(**message) as events:
            answered = events.get_final_message()
        with client.responses.stream(model=model, input="hello") as told:
            output = told.get_final_response().output_text
    else:
        whole = chat.parse()
        text = whole.choices[0].message.content or ""
        answered = claude.messages.create(**message)
        output = client.responses.create(model=model, input="hello").output_text

    assert text == answered.content[0].text == output == "[hello]"  # type: ignore[union-attr]
    assert answered.stop_reason == "end_turn"
    record = proxy.record(id=chat.headers["x-request-id"])
    assert (record["lane"], record["outcome"]) == ("command", "answered")
    assert record["usage"]["source"] == "estimated"


@pytest.mark.parametrize("model", ["printed", "read"])
@settings(max_examples=40, deadline=None)
@given(prompt=TEXT.filter(lambda text: not text.startswith("-")))
def test_a_prompt_arrives_whole_whatever_is_in_it(model: str, prompt: str, proxy: Proxy) -> None:
    assert said(proxy, model, prompt) == f"[{prompt}]"


def test_no_shell_ever_reads_a_prompt(proxy: Proxy) -> None:
    first, whole, last, again = json.loads(said(proxy, "arguments", NASTY))
    (inside,) = json.loads(said(proxy, "inside", NASTY))

    assert (first, last) == ("-p", "--")
    assert whole == again == NASTY
    assert inside == f"--text={NASTY}"
    assert said(proxy, "shell", NASTY) == f"[{NASTY}]"


def test_a_prompt_never_becomes_an_option(proxy: Proxy) -> None:
    _, guarded, _, behind_dashes = json.loads(said(proxy, "arguments", "--dangerous"))

    assert (guarded, behind_dashes) == (" --dangerous", "--dangerous")


def test_several_messages_stand_behind_their_roles(proxy: Proxy) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "3"},
    ]

    answer = post(proxy, {"model": "read", "messages": messages}).json()

    text = "[system]: Be brief.\n[user]: a\nb\n[assistant]: add({})\n[tool]: 3"
    assert answer["choices"][0]["message"]["content"] == f"[{text}]"


def test_a_command_that_does_not_read_its_long_prompt_answers(proxy: Proxy) -> None:
    assert said(proxy, "deaf", "x" * 5_000_000) == ""
    assert said(proxy, "read", "y" * 5_000_000) == f"[{'y' * 5_000_000}]"


def test_what_is_not_utf8_is_replaced(proxy: Proxy) -> None:
    assert said(proxy, "latin", "x") == "\ufffdt\ufffd ok"


def test_an_answer_that_never_ends_is_cut(proxy: Proxy) -> None:
    answer = post(proxy, ask("endless"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (
        502,
        "upstream_invalid_response",
    )


def test_a_command_sees_nothing_of_the_proxys_environment(proxy: Proxy) -> None:
    seen = json.loads(said(proxy, "environment", "x"))

    assert SECRET not in seen.values()
    assert seen.keys() <= {
        "PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "GIVEN",
    }  # fmt: skip
    assert seen["GIVEN"] == GIVEN


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(("model", "status"), [("fails", 3), ("killed", -9)])
def test_a_failure_is_a_502_and_its_reason_is_in_the_log(
    model: str, status: int, stream: bool, proxy: Proxy
) -> None:
    answer = post(proxy, ask(model, stream=stream))

    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_error")
    assert "canary" not in answer.text
    lines = until(
        lambda: [line for line in proxy.log("a command failed") if line["connection"] == model],
        "the log",
    )
    logged = lines[-1]
    assert logged["exit_status"] == status
    assert GIVEN not in "".join(proxy.stderr)
    if model == "fails":
        assert logged["stderr"].endswith("xxx last")
        assert len(logged["stderr"]) <= 4096


def test_a_failure_after_the_first_line_ends_the_stream_with_an_error(
    client: openai.OpenAI, proxy: Proxy
) -> None:
    answer = post(proxy, ask("fails_late", stream=True))
    plain = post(proxy, ask("fails_late"))

    assert "half" in answer.text
    assert '"code":"upstream_error"' in answer.text
    assert "[DONE]" not in answer.text
    assert plain.status_code == 502
    assert "canary" not in answer.text + plain.text
    with pytest.raises(openai.APIError, match="failed"):
        list(client.chat.completions.create(**ask("fails_late", stream=True)))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (ask("printed", "a\0b"), "NUL character"),
        (ask("printed", "x" * 300_000), "longer than an argument"),
        (ask("printed", [PICTURE]), "takes text only"),
        (ask("printed", [{"type": [], "text": "hi"}]), "takes text only"),
        (ask("strict", temperature=0.5), "'temperature'"),
        (calling("read", "abc"), "'tool_calls' must be a list of calls"),
        (calling("read", ["abc"]), "'tool_calls' must be a list of calls"),
        (calling("read", [{"function": "abc"}]), "'tool_calls' must be a list of calls"),
    ],
    ids=["NUL", "too long", "picture", "no kind", "strict", "no calls", "texts", "no function"],
)
def test_what_a_command_cannot_take_is_a_400_that_says_so(
    body: Any, words: str, proxy: Proxy
) -> None:
    answer = post(proxy, body)

    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_parameters_that_go_nowhere_are_named(proxy: Proxy) -> None:
    answer = post(proxy, ask("printed", temperature=0.5, stop=None, max_tokens=4))

    assert answer.headers["x-oai-proxy-dropped-params"] == "temperature, max_tokens"
