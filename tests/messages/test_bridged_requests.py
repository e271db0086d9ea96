"""What of Anthropic's request reaches a provider of chat, in which form, and what is named."""

from typing import Any

import pytest

from tests.harness.proxy import Proxy
from tests.messages.conftest import ask
from tests.messages.test_bridge import LONG_NAME
from tests.messages.test_relay import post
from tests.messages.test_sdk import TOOL
from tests.provider.server import Provider

Json = dict[str, Any]
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERg"}
TOOL_TURNS: list[Json] = [
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "toolu_1", "name": LONG_NAME, "input": {"city": "Rome"}},
            {"type": "tool_use", "id": "toolu_2", "name": LONG_NAME, "input": {}},
        ],
    },
    {
        "role": "user",
        "content": [
            {
                "type": "tool_result",
                "tool_use_id": "toolu_1",
                "content": [{"type": "text", "text": "here"}, PICTURE],
            },
            {"type": "tool_result", "tool_use_id": "toolu_2", "content": "no", "is_error": True},
            {"type": "text", "text": "Well?"},
        ],
    },
]


def sent(proxy: Proxy, provider: Provider, model: str, **fields: Any) -> tuple[Json, set[str]]:
    """What reached the provider, and the names of what did not."""
    before = len(provider.requests_for(model))
    answer = post(proxy, json={**ask(f"chat/{model}"), **fields})
    assert answer.status_code == 200, answer.text
    (seen,) = provider.requests_for(model)[before:]
    assert seen.path == "/v1/chat/completions"
    assert seen.json is not None
    named = answer.headers.get("x-oai-proxy-dropped-params", "")
    return seen.json, set(named.split(", ")) - {""}


def test_turns_with_tools_become_chats(claude: Proxy, provider: Provider) -> None:
    turns = [*ask("any")["messages"], *TOOL_TURNS]
    tools = [{**TOOL, "name": LONG_NAME}]

    request, dropped = sent(claude, provider, "gpt-turns", messages=turns, tools=tools)

    user, assistant, first, second, after = request["messages"]
    roles = [message["role"] for message in request["messages"]]
    assert roles == ["user", "assistant", "tool", "tool", "user"]
    short = request["tools"][0]["function"]["name"]
    assert len(short) <= 64
    assert [call["function"]["name"] for call in assistant["tool_calls"]] == [short, short]
    assert [first["content"], second["content"]] == ["here", "no"]
    assert [first["tool_call_id"], second["tool_call_id"]] == ["toolu_1", "toolu_2"]
    assert [part["type"] for part in after["content"]] == ["image_url", "text"]
    assert "thinking_blocks" not in assistant
    assert user["content"] == "Say hello."
    assert dropped == {"messages[].is_error", "messages[].thinking"}


def test_fields_become_chats_and_the_rest_is_named(claude: Proxy, provider: Provider) -> None:
    request, dropped = sent(
        claude,
        provider,
        "gpt-fields",
        system=[
            {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "Be kind."},
        ],
        tools=[TOOL],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
        stop_sequences=["END"],
        top_k=5,
        service_tier="standard_only",
        context_management={"edits": []},
        metadata={"user_id": "u" * 65},
    )

    texts = [part["text"] for part in request["messages"][0]["content"]]
    assert (request["messages"][0]["role"], texts) == ("system", ["Be brief.", "Be kind."])
    assert (request["tool_choice"], request["stop"]) == ("required", ["END"])
    assert request["parallel_tool_calls"] is False
    assert request["tools"][0]["function"]["parameters"] == TOOL["input_schema"]
    assert dropped == {
        *("cache_control", "context_management", "metadata.user_id", "service_tier", "top_k"),
    }


@pytest.mark.parametrize(
    ("model", "fields", "effort"),
    [
        ("gpt-5", {"thinking": {"type": "enabled", "budget_tokens": 31999}}, "high"),
        ("gpt-5-mini", {"output_config": {"effort": "low"}}, "low"),
        (
            "gpt-5-nano",
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}},
            "high",
        ),
    ],
    ids=["budget", "effort", "max"],
)
def test_thinking_becomes_an_effort(
    claude: Proxy, provider: Provider, model: str, fields: Json, effort: str
) -> None:
    request, dropped = sent(claude, provider, model, **fields)

    assert request.get("reasoning_effort") == effort
    assert dropped == set()
    assert request["max_completion_tokens"] == 64


def test_thinking_a_model_does_not_know_is_left_out_and_named(
    claude: Proxy, provider: Provider
) -> None:
    thinking = {"type": "enabled", "budget_tokens": 31999}

    request, dropped = sent(claude, provider, "gpt-4o", thinking=thinking)

    assert "reasoning_effort" not in request
    assert dropped == {"thinking"}


def test_documents_are_texts_or_files(claude: Proxy, provider: Provider) -> None:
    text = {"type": "text", "media_type": "text/plain", "data": "The law."}
    parts = [
        {"type": "document", "source": text},
        {"type": "document", "source": PDF},
        {"type": "search_result", "source": "x", "title": "y", "content": []},
    ]
    turns = [{"role": "user", "content": parts}]

    request, dropped = sent(claude, provider, "gpt-documents", messages=turns)

    law, pdf = request["messages"][0]["content"]
    assert law == {"type": "text", "text": "The law."}
    assert pdf["file"]["file_data"] == "data:application/pdf;base64,JVBERg"
    assert dropped == {"messages[].search_result"}


def test_a_count_is_estimated_and_says_so(claude: Proxy, provider: Provider) -> None:
    texts = ask("chat/gpt-count", "word " * 400, system="Be brief. " * 40)
    with_tools = {**texts, "tools": [TOOL] * 10}
    with_picture = ask("chat/gpt-count", "x")
    with_picture["messages"][0]["content"] = [PICTURE]

    answers_ = [
        post(claude, "/messages/count_tokens", json=request)
        for request in (texts, with_tools, with_picture)
    ]

    counted = [answer.json()["input_tokens"] for answer in answers_]
    assert counted[0] == 600
    assert counted[1] > counted[0] + 200
    assert counted[2] >= 1500
    assert {answer.headers["x-oai-proxy-token-count"] for answer in answers_} == {"estimate"}
    assert provider.requests_for("gpt-count") == []
    record = claude.record(id=answers_[0].headers["x-request-id"])
    assert (record["lane"], record["usage"]["source"]) == ("estimate", "unknown")


def test_tools_that_were_looked_up_are_named_and_may_be_called(
    claude: Proxy, provider: Provider
) -> None:
    found = {"type": "tool_reference", "tool_name": "fetch"}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [found]}
    turns = [
        *ask("any")["messages"],
        {"role": "system", "content": [{"type": "text", "text": "You are in /tmp."}]},
        {"role": "assistant", "content": [TOOL_TURNS[0]["content"][2]]},
        {"role": "user", "content": [result, {"type": "text", "text": "Tool loaded."}]},
    ]
    late = {**TOOL, "name": "fetch", "defer_loading": True, "input_examples": [{"city": "Rome"}]}

    request, dropped = sent(claude, provider, "gpt-late", messages=turns, tools=[late])

    roles = [message["role"] for message in request["messages"]]
    assert roles == ["user", "system", "assistant", "tool", "user"]
    assert request["messages"][3]["content"] == "fetch can be called now."
    (tool,) = request["tools"]
    assert tool["function"]["parameters"] == TOOL["input_schema"]
    assert dropped == {"tools[].defer_loading", "tools[].input_examples"}


@pytest.mark.parametrize(
    ("kind", "source", "words"),
    [
        ("image", {"type": "file", "file_id": "file_1"}, "no images by file id"),
        ("document", {"type": "file", "file_id": "file_1"}, "no documents by file id"),
        ("document", {"type": "url", "url": "https://x.example/a.pdf"}, "no documents by URL"),
    ],
)
def test_media_that_chat_has_no_place_for_are_not_left_out_in_silence(
    claude: Proxy, provider: Provider, kind: str, source: Json, words: str
) -> None:
    content = [{"type": kind, "source": source}, {"type": "text", "text": "What is it?"}]
    turns = [{"role": "user", "content": content}]

    answer = post(claude, json={**ask("chat/gpt-media"), "messages": turns})

    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]
    assert provider.requests_for("gpt-media") == []


def test_what_trips_the_translation_is_in_the_log_with_its_place(claude: Proxy) -> None:
    turns = [{"role": "user", "content": [1]}]

    answer = post(claude, json={**ask("chat/gpt-trips"), "messages": turns})

    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    line = claude.log("a request cannot be translated")[-1]
    assert ".py:" in line["raised"]


BASH = {"type": "bash_20250124", "name": "bash"}
EDITOR = {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"}


@pytest.mark.parametrize("choice", [None, {"type": "tool", "name": "bash"}], ids=["any", "bash"])
def test_tools_that_only_claude_knows_are_named_and_left_out(
    claude: Proxy, provider: Provider, choice: Json | None
) -> None:
    given = {"tool_choice": choice} if choice else {}

    request, dropped = sent(claude, provider, "gpt-own-tools", tools=[BASH, TOOL, EDITOR], **given)

    assert [tool["function"]["name"] for tool in request["tools"]] == [TOOL["name"]]
    assert "tool_choice" not in request
    named = {"tools[].bash_20250124", "tools[].text_editor_20250728"}
    assert dropped == (named | {"tool_choice"} if choice else named)


def test_where_no_tool_is_left_there_are_none(claude: Proxy, provider: Provider) -> None:
    fields: Json = {"tools": [BASH], "tool_choice": {"type": "any"}}

    request, dropped = sent(claude, provider, "gpt-no-tools", **fields)

    assert not {"tools", "tool_choice"} & request.keys()
    assert dropped == {"tools[].bash_20250124", "tool_choice"}


def test_a_claude_elsewhere_is_told_of_its_own_tools(claude: Proxy, provider: Provider) -> None:
    request = {**ask("round/claude-own-tools"), "tools": [BASH]}

    answer = post(claude, json=request)

    assert answer.status_code == 200, answer.text
    told = provider.requests_for("claude-own-tools")[-1].json
    assert told is not None
    assert told["tools"] == [BASH]


def test_what_is_said_of_a_document_is_named(claude: Proxy, provider: Provider) -> None:
    text = {"type": "text", "media_type": "text/plain", "data": "The law."}
    said = {"title": "Law", "context": "Old.", "citations": {"enabled": True}}
    turns = [{"role": "user", "content": [{"type": "document", "source": text, **said}]}]

    _, dropped = sent(claude, provider, "gpt-titled", messages=turns)

    assert dropped == {f"messages[].document.{name}" for name in said}


@pytest.mark.parametrize("place", ["output_config", "output_format"])
@pytest.mark.parametrize("required", [["a", "b"], ["b"]], ids=["all", "one"])
def test_what_a_schema_leaves_open_stays_open(
    claude: Proxy, provider: Provider, place: str, required: list[str]
) -> None:
    types = {"a": {"type": "string"}, "b": {"type": "integer"}}
    schema: Json = {"type": "object", "properties": types, "required": required}
    schema["additionalProperties"] = False
    form = {"type": "json_schema", "schema": schema}
    fields = {place: {"format": form} if place == "output_config" else form}

    request, dropped = sent(claude, provider, f"gpt-schema-{len(required)}", **fields)

    told = request["response_format"]["json_schema"]
    assert told["schema"] == schema
    assert told.get("strict") is (True if len(required) == 2 else None)
    assert dropped == set()
