"""What an answer of OpenAI's chat becomes: as a whole and as events, and as LiteLLM has it."""

import json
import subprocess
import sys
from typing import Any

import pytest

from lmproxy.upstream.messages.events import MessageEvents
from lmproxy.upstream.messages.form import call_id, message, tool_id
from tests.harness.deadlines import LONGEST_S
from tests.harness.proxy import REPOSITORY, process_environment

Message = dict[str, Any]
NAMES = {"short": "the_whole_name"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
SIGNED = {"type": "thinking", "thinking": "hm", "signature": "Eq+/=="}
HIDDEN = {"type": "redacted_thinking", "data": "xyz"}
USAGE = {
    "prompt_tokens": 30,
    "completion_tokens": 3,
    "total_tokens": 33,
    "prompt_tokens_details": {"cached_tokens": 20, "cache_creation_tokens": 4},
}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}, "index": 0}
MESSAGES: dict[str, tuple[Message, str]] = {
    "a text": ({"content": "Hello"}, "stop"),
    "cut short": ({"content": "Half"}, "length"),
    "a call": ({"content": None, "tool_calls": [CALL]}, "tool_calls"),
    "a text and a call": ({"content": "So:", "tool_calls": [CALL]}, "tool_calls"),
    "two calls": ({"tool_calls": [CALL, {**CALL, "id": "call_2", "index": 1}]}, "tool_calls"),
    "reasoning": ({"reasoning_content": "hm", "content": "Yes"}, "stop"),
    "signed": ({"thinking_blocks": [SIGNED], "reasoning_content": "hm", "content": "Yes"}, "stop"),
    "hidden": ({"thinking_blocks": [HIDDEN, SIGNED], "content": "Yes"}, "stop"),
    "a refusal": ({"content": None, "refusal": "No."}, "stop"),
    "filtered": ({"content": "Some"}, "content_filter"),
    "an empty text and a call": ({"content": "", "tool_calls": [CALL]}, "stop"),
    "nothing": ({"content": None}, "stop"),
    "a picture": ({"content": "See:", "images": [IMAGE]}, "stop"),
    "only a picture": ({"content": None, "images": [IMAGE]}, "stop"),
    "a long name": (
        {"tool_calls": [{**CALL, "function": {"name": "short", "arguments": "{}"}}]},
        "tool_calls",
    ),
    "arguments that are no JSON": (
        {"tool_calls": [{**CALL, "function": {"name": "f", "arguments": "{oops"}}]},
        "tool_calls",
    ),
}
THOUGHTS = ("thinking_blocks", "reasoning_content")
ELSEWHERE = {
    "filtered": "LiteLLM ends the turn as if nothing had happened",
    "an empty text and a call": "LiteLLM adds an empty text, which Anthropic refuses in a history",
    "reasoning": "LiteLLM's signature is null where Anthropic's API has a text",
    "arguments that are no JSON": "LiteLLM fails; here the client gets the text",
    "a refusal": "LiteLLM adds stop_details",
    "a picture": "LiteLLM leaves it out in silence",
    "only a picture": "LiteLLM leaves it out in silence",
}
"""Where our form differs from LiteLLM's, and why."""


def chat(case: str) -> Message:
    said, reason = MESSAGES[case]
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": None, **said},
        "finish_reason": reason,
    }
    frame: Message = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m"}
    return {**frame, "choices": [choice], "usage": USAGE}


def events_of(case: str) -> list[Message]:
    """The events of a stream that says the same, field by field."""
    said, reason = MESSAGES[case]
    events = MessageEvents("m", NAMES)
    thoughts = {name: said[name] for name in said if name in THOUGHTS}  # They come together.
    deltas = [thoughts, *({name: said[name]} for name in said if name not in THOUGHTS)]
    chunks: list[Message] = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks += [{"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}]
    chunks += [{"choices": [], "usage": USAGE}]
    blocks = b"".join([*map(events.add, chunks), events.end()]).decode().split("\n\n")[:-1]
    found = []
    for block in blocks:
        name, data = block.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


def folded(events: list[Message]) -> Message:
    """The message that the events say, which have to come in Anthropic's order."""
    start, *between, end, stop = events
    assert (start["type"], end["type"], stop) == (
        *("message_start", "message_delta"),
        {"type": "message_stop"},
    )
    content: list[Message] = []
    is_open, inputs = False, ""
    for event in between:
        if event["type"] == "content_block_start":
            assert not is_open
            content.append(event["content_block"])
            is_open, inputs = True, ""
        elif event["type"] == "content_block_stop":
            if inputs:
                content[-1]["input"] = inputs
            is_open = False
        else:
            kind = event["delta"].pop("type")
            ((name, more),) = event["delta"].items()
            assert is_open
            if kind == "input_json_delta":
                inputs += more
            else:
                content[-1][name] += more
        assert event["index"] == len(content) - 1
    assert not is_open
    return {**start["message"], "content": content, **end["delta"], "usage": end["usage"]}


def comparable(made: Message) -> Message:
    """Inputs as text: a stream hands them on as they come."""
    for block in made["content"]:
        given = block.get("input")
        if isinstance(given, dict):
            block["input"] = given.get("arguments") or json.dumps(given, separators=(",", ":"))
    return {name: value for name, value in made.items() if name != "id"}


@pytest.mark.parametrize("case", MESSAGES)
def test_events_say_what_the_whole_message_says(case: str) -> None:
    whole = message(chat(case), "m", NAMES)

    assert comparable(folded(events_of(case))) == comparable(whole)


@pytest.fixture(scope="module")
def of_litellm() -> dict[str, Message]:
    """What LiteLLM makes of each case; in a process of its own, for its import changes things."""
    given = json.dumps({"names": NAMES, "answers": {case: chat(case) for case in MESSAGES}})
    run = subprocess.run(
        [sys.executable, str(REPOSITORY / "tests" / "messages" / "litellm_message.py")],
        input=given,
        env=process_environment({"LITELLM_LOCAL_MODEL_COST_MAP": "True"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Message] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize("case", MESSAGES)
def test_a_message_is_as_LiteLLM_has_it_but_for_what_is_listed(
    of_litellm: dict[str, Message], case: str
) -> None:
    ours, theirs = message(chat(case), "m", NAMES), of_litellm[case]
    zero = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    theirs["usage"] = zero | theirs.get("usage", {})
    same = {name: value for name, value in ours.items() if name != "id"} == {
        name: value
        for name, value in theirs.items()
        if name != "id" and not (name == "stop_details" and value is None)
    }

    assert same == (case not in ELSEWHERE), theirs


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("call_1", "call_1"),
        ("functions.Bash:0", "functions_Bash_0"),
        ("call_1__thought__Ab+/cd==", "call_1__thought__Ab-_cd"),
    ],
)
def test_an_id_is_one_that_Anthropic_takes(theirs: str, ours: str) -> None:
    assert tool_id(theirs) == ours


def test_a_thoughts_signature_comes_back_as_it_was() -> None:
    signed = "call_1__thought__Ab+/cd=="

    assert call_id(tool_id(signed)) == signed


def test_a_call_without_an_id_gets_one() -> None:
    assert tool_id(None).startswith("toolu_")


def test_text_between_the_fragments_of_a_call_comes_after_it() -> None:
    first = {**CALL, "index": 0, "function": {"name": "f", "arguments": '{"a"'}}
    rest = {"index": 0, "function": {"arguments": ":1}"}}
    deltas: list[Message] = [{"tool_calls": [first]}, {"content": "So."}, {"tool_calls": [rest]}]
    events = MessageEvents("m", {})

    for delta in deltas:
        events.add({"choices": [{"index": 0, "delta": delta}]})
    blocks = events_in(events.end())

    assert [block.get("index") for block in blocks[:4]] == [0, 1, 1, 1]
    assert blocks[2]["delta"] == {"type": "text_delta", "text": "So."}
    assert blocks[0]["type"] == blocks[3]["type"] == "content_block_stop"


def events_in(stream: bytes) -> list[Message]:
    lines = stream.decode().split("\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines if line[:5] == "data:"]


PIECES = ("It ", "is ", "warm.")
OF_LITELLM: list[Message] = [
    {
        "reasoning_content": piece,
        "thinking_blocks": [{"type": "thinking", "thinking": piece, "signature": "mistral"}],
    }
    for piece in PIECES
]
OF_MISTRAL: list[Message] = [
    {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]}
    for piece in PIECES
]


@pytest.mark.parametrize("deltas", [OF_LITELLM, OF_MISTRAL], ids=["through LiteLLM", "as it is"])
def test_a_magistrals_thought_is_one_block_that_nobody_signed(deltas: list[Message]) -> None:
    events = MessageEvents("m", {})

    chunks = [*deltas, {"content": "Yes"}]
    told = b"".join(events.add({"choices": [{"delta": delta}]}) for delta in chunks)
    streamed = folded(events_in(told + events.end()))
    thought = [{"type": "thinking", "thinking": [{"type": "text", "text": "It is warm."}]}]
    said = {"content": [*thought, {"type": "text", "text": "Yes"}]}
    whole = message({"choices": [{"message": said}]}, "m", {})

    content = [
        {"type": "thinking", "thinking": "It is warm.", "signature": ""},
        {"type": "text", "text": "Yes"},
    ]
    assert (streamed["content"], whole["content"]) == (content, content)


def test_a_call_in_the_old_form_of_functions_is_a_tool_use() -> None:
    called = {"name": "f", "arguments": '{"a":1}'}
    events = MessageEvents("m", {})

    answer = {"message": {"content": None, "function_call": called}}
    whole = message({"choices": [{**answer, "finish_reason": "function_call"}]}, "m", {})
    pieces = [{"name": "f", "arguments": ""}, {"arguments": '{"a"'}, {"arguments": ":1}"}]
    told = [events.add({"choices": [{"delta": {"function_call": piece}}]}) for piece in pieces]
    streamed = folded(events_in(b"".join(told) + events.end()))

    assert whole["stop_reason"] == "tool_use"
    for made, given in ((whole, {"a": 1}), (streamed, '{"a":1}')):
        (block,) = made["content"]
        assert (block["type"], block["name"], block["input"]) == ("tool_use", "f", given)
        assert block["id"].startswith("toolu_")


def test_where_a_picture_was_made_a_text_says_so() -> None:
    content = message(chat("a picture"), "m", NAMES)["content"]

    assert [block["type"] for block in content] == ["text", "text"]
    assert "/v1/chat/completions" in content[1]["text"]
