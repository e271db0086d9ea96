"""What of a Responses request reaches a provider of chat, in which form, and what is named."""

import json
from typing import Any

import pytest

from lmproxy.upstream.responses.parts import sealed
from lmproxy.upstream.responses.request import ChatRequest, chat_request

Json = dict[str, Any]
SIGNED = {"type": "thinking", "thinking": "It is warm.", "signature": "EqQBCgIYAhIk"}
HIDDEN = {"type": "redacted_thinking", "data": "xyz"}
PICTURE = {"type": "input_image", "image_url": "data:image/png;base64,QUJD", "detail": "auto"}
FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object"}}


def made(
    given_: Any, provider: str | None = "openai", *, is_relayed: bool = False, **fields: Any
) -> ChatRequest:
    body = {"model": "asked", "input": given_, **fields}
    before = json.dumps(body)
    request = chat_request(body, "gpt-4o", provider, is_relayed=is_relayed)
    assert json.dumps(body) == before
    return request


def messages(given_: Any, provider: str | None = "openai", **fields: Any) -> list[Json]:
    found: list[Json] = made(given_, provider, **fields).body["messages"]
    return found


def reasoning(*blocks: Json, text: str | None = None) -> Json:
    summary = [{"type": "summary_text", "text": text}] if text else []
    kept = sealed(blocks[0]) if blocks else None
    return {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": kept}


def call(number: int = 1, **more: Any) -> Json:
    return {
        "type": "function_call",
        "id": f"fc_{number}",
        "call_id": f"call_{number}",
        "name": "f",
        "arguments": '{"a":1}',
        **more,
    }


def result(number: int = 1, output: Any = "sunny", **more: Any) -> Json:
    return {
        "type": "function_call_output",
        "call_id": f"call_{number}",
        "output": output,
        **more,
    }


def say(role: str, *texts: str, kind: str = "input_text") -> Json:
    return {"role": role, "content": [{"type": kind, "text": text} for text in texts]}


def test_a_text_is_what_the_user_said() -> None:
    assert messages("Hello") == [{"role": "user", "content": "Hello"}]


def test_instructions_and_a_developers_words_at_the_beginning_are_one_system_message() -> None:
    turns = [say("developer", "No tools.", "No jokes."), say("user", "Hi"), say("system", "Stop.")]

    told = messages(turns, instructions="Be brief.")

    assert told == [
        {"role": "system", "content": "Be brief.\n\nNo tools.\n\nNo jokes."},
        {"role": "user", "content": "Hi"},
        {"role": "system", "content": "Stop."},
    ]


def test_thoughts_words_and_calls_are_one_message_of_the_assistant() -> None:
    turns = [
        say("user", "Weather?"),
        reasoning(SIGNED),
        {**say("assistant", "Let me ", "see.", kind="output_text"), "type": "message"},
        call(1),
        reasoning(HIDDEN),
        call(2),
        result(1),
        result(2),
    ]

    told = messages(turns, "openrouter")

    assert [message["role"] for message in told] == ["user", "assistant", "tool", "tool"]
    assistant = told[1]
    assert assistant["content"] == "Let me see."
    assert assistant["thinking_blocks"] == [SIGNED, HIDDEN]
    assert [made["id"] for made in assistant["tool_calls"]] == ["call_1", "call_2"]
    assert assistant["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"a":1}'}
    assert told[2] == {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}


@pytest.mark.parametrize(
    ("provider", "kept"),
    [("anthropic", True), ("deepseek", True), ("openai", False), (None, False)],
)
def test_thoughts_go_only_to_providers_that_take_them(provider: str | None, kept: bool) -> None:
    turns = [say("user", "Hi"), reasoning(text="Hm."), say("assistant", "Yes", kind="output_text")]

    request = made(turns, provider)

    assistant = request.body["messages"][1]
    assert assistant.get("reasoning_content") == ("Hm." if kept else None)
    assert request.dropped == ([] if kept else ["input[].reasoning"])


@pytest.mark.parametrize(
    "content",
    ["gAAAAABo-of-OpenAI", "oai-proxy.1.%%%", "oai-proxy.1.", "oai-proxy.1.e30=", 5, None],
)
def test_what_is_not_sealed_here_is_named_and_left_out(content: Any) -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": content}

    request = made([say("user", "Hi"), item, say("assistant", "Yes")], "anthropic")

    assert request.dropped == ["input[].reasoning"]
    assert "thinking_blocks" not in request.body["messages"][1]


@pytest.mark.parametrize(
    ("provider", "model", "kept"),
    [
        ("gemini", "gemini-2.5-pro", False),
        ("vertex_ai", "gemini-2.5-pro", False),
        ("vertex_ai", "claude-sonnet-4-5", True),
    ],
)
def test_what_another_provider_sealed_does_not_go_to_gemini(
    provider: str, model: str, kept: bool
) -> None:
    turns = [say("user", "Hi"), reasoning(SIGNED, text="hm"), say("assistant", "Yes")]

    request = chat_request({"input": turns}, model, provider, is_relayed=False)

    assistant = request.body["messages"][1]
    assert ("thinking_blocks" in assistant, "reasoning_content" in assistant) == (kept, kept)
    assert request.dropped == ([] if kept else ["input[].reasoning"])


def test_of_a_sealed_thought_nothing_goes_on_but_what_a_thought_has() -> None:
    forged = {**SIGNED, "type": "document", "source": {"type": "url", "url": "http://10.0.0.1"}}

    told = messages([say("user", "Hi"), reasoning(forged), say("assistant", "Yes")], "anthropic")

    assert told[1]["thinking_blocks"] == [SIGNED]


def test_pictures_and_files_are_where_chat_has_them() -> None:
    parts = [
        {"type": "input_text", "text": "What is this?"},
        {**PICTURE, "detail": "low"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,J"},
        {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
        {"type": "input_smell", "smell": "x"},
    ]

    request = made([{"type": "message", "role": "user", "content": parts}])

    assert request.body["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": PICTURE["image_url"], "detail": "low"}},
        {
            "type": "file",
            "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,J"},
        },
        {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
    ]
    assert request.dropped == ["input[].content[].input_smell"]


def test_a_picture_that_a_tool_gave_follows_all_results_as_the_users() -> None:
    shown = [{"type": "input_text", "text": "here"}, PICTURE]
    turns = [say("user", "Hi"), call(1), call(2), result(1, shown), result(2, [PICTURE]), call(3)]

    told = messages(turns)

    roles = [message["role"] for message in told]
    assert roles == ["user", "assistant", "tool", "tool", "user", "assistant"]
    assert [message["content"] for message in told[2:4]] == ["here", "See the next message."]
    assert [part["type"] for part in told[4]["content"]] == ["image_url", "image_url"]


def test_a_refusal_is_what_the_assistant_said() -> None:
    refused = {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}

    assert messages([say("user", "Hi"), refused])[1] == {"role": "assistant", "content": "No."}


def test_a_custom_tools_calls_and_outputs_are_those_of_its_function() -> None:
    custom = {"type": "custom", "name": "patch"}
    called = {"type": "custom_tool_call", "call_id": "c", "name": "patch", "input": 'a "b"'}
    turns = [say("user", "Hi"), called, {**result(), "type": "custom_tool_call_output"}]

    request = made(turns, tools=[custom])

    (given_,) = request.body["messages"][1]["tool_calls"]
    assert given_["function"] == {"name": "patch", "arguments": '{"input":"a \\"b\\""}'}
    assert request.body["messages"][2]["content"] == "sunny"


def test_names_in_namespaces_fit_and_are_the_same_in_tools_and_history() -> None:
    long = "a_tool_with_a_name_that_is_longer_than_a_provider_takes_it"
    inner = [{"type": "function", "name": long}, {"type": "function", "name": "x.y"}]
    tools = [
        {"type": "namespace", "name": "server", "tools": inner},
        {"type": "function", "name": "server__x_y"},
    ]
    turns = [say("user", "Hi"), call(name=long, namespace="server"), result()]

    request = made(turns, tools=tools)

    told = [tool["function"]["name"] for tool in request.body["tools"]]
    assert len(set(told)) == 3
    assert max(map(len, told)) <= 64
    assert request.body["messages"][1]["tool_calls"][0]["function"]["name"] == told[0]
    known = [request.tools.tool(name) for name in told]
    assert [(tool.namespace, tool.name) for tool in known] == [
        ("server", long),
        ("server", "x.y"),
        (None, "server__x_y"),
    ]


SERVER_TOOLS = ["web_search", "file_search", "code_interpreter", "image_generation", "mcp"]
SERVER_TOOLS += ["local_shell", "computer_use_preview", "of tomorrow"]


def test_tools_that_only_OpenAI_runs_are_named_and_left_out() -> None:
    tools = [{"type": kind} for kind in SERVER_TOOLS]

    request = made("Hi", tools=tools, tool_choice={"type": "web_search"}, parallel_tool_calls=True)

    assert request.dropped == [*(f"tools[].{kind}" for kind in SERVER_TOOLS), "tool_choice"]
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & request.body.keys()


ALLOWED = {
    "type": "allowed_tools",
    "mode": "required",
    "tools": [{"type": "function", "name": "g"}],
}


@pytest.mark.parametrize(
    ("choice", "told", "names"),
    [
        ("auto", "auto", ["f", "g"]),
        ("required", "required", ["f", "g"]),
        ("none", "none", ["f", "g"]),
        (
            {"type": "function", "name": "f"},
            {"type": "function", "function": {"name": "f"}},
            ["f", "g"],
        ),
        (
            {"type": "custom", "name": "g"},
            {"type": "function", "function": {"name": "g"}},
            ["f", "g"],
        ),
        (ALLOWED, "required", ["g"]),
        (None, None, ["f", "g"]),
    ],
    ids=["auto", "required", "none", "function", "custom", "allowed", "not said"],
)
def test_a_choice_of_tools_is_chats(choice: Any, told: Any, names: list[str]) -> None:
    tools = [FUNCTION, {"type": "custom", "name": "g"}]
    if choice == ALLOWED:
        tools[1] = {**FUNCTION, "name": "g", "strict": True}

    request = made("Hi", tools=tools, tool_choice=choice, parallel_tool_calls=False)

    assert request.body.get("tool_choice") == told
    assert [tool["function"]["name"] for tool in request.body["tools"]] == names
    assert request.body["parallel_tool_calls"] is False
    assert request.dropped == []
    if choice == ALLOWED:
        assert request.body["tools"][0]["function"]["strict"] is True
