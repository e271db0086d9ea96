"""What becomes of the parts of messages that only Anthropic has a form for?"""

from typing import Any

import pytest

from tests.harness.proxy import Proxy
from tests.messages.test_bridged_requests import PDF, PICTURE, sent
from tests.messages.test_relay import post
from tests.messages.test_sdk import TOOL
from tests.provider.server import Provider

Json = dict[str, Any]
CACHED: Json = {"cache_control": {"type": "ephemeral"}}
FOUND: Json = {
    "type": "search_result",
    "source": "https://law.example/4",
    "title": "Law",
    "content": [{"type": "text", "text": "Four."}, {"type": "text", "text": "Five."}],
}
FOUND_TEXT = "Law\nhttps://law.example/4\nFour.\nFive."
PARTS: Json = {"type": "content", "content": [{"type": "text", "text": "A map."}, PICTURE]}
MAP: Json = {"type": "document", "source": PARTS}


def of_user(*blocks: Json) -> list[Json]:
    return [{"role": "user", "content": list(blocks)}]


def in_result(*blocks: Json) -> list[Json]:
    use: Json = {"type": "tool_use", "id": "toolu_1", "name": TOOL["name"], "input": {}}
    result: Json = {"type": "tool_result", "tool_use_id": "toolu_1", "content": list(blocks)}
    turns: list[Json] = [
        *of_user({"type": "text", "text": "Look."}),
        {"role": "assistant", "content": [use]},
    ]
    return [*turns, *of_user(result)]


def test_a_document_of_texts_and_pictures_is_these(claude: Proxy, provider: Provider) -> None:
    request, dropped = sent(claude, provider, "gpt-map", messages=of_user(MAP))

    text, picture = request["messages"][0]["content"]
    assert text == {"type": "text", "text": "A map."}
    assert picture["image_url"]["url"].endswith("QUJD")
    assert dropped == set()


def test_pictures_of_a_document_in_a_result_follow_it(claude: Proxy, provider: Provider) -> None:
    request, dropped = sent(claude, provider, "gpt-map-found", messages=in_result(MAP))

    result, after = request["messages"][2:]
    assert (result["role"], result["content"]) == ("tool", "A map.")
    assert [part["type"] for part in after["content"]] == ["image_url"]
    assert dropped == set()


@pytest.mark.parametrize("source", [PARTS["content"], "A map."], ids=["parts", "text"])
def test_a_documents_mark_for_the_cache_stays_at_its_end(
    claude: Proxy, provider: Provider, source: Any
) -> None:
    document = {**MAP, "source": {"type": "content", "content": source}, **CACHED}
    request = {"messages": of_user(document), "model": "round/claude-map", "max_tokens": 9}

    told = _told(claude, provider, "claude-map", request)

    *others, last = told["messages"][0]["content"]
    assert last["cache_control"] == CACHED["cache_control"]
    assert not any("cache_control" in other for other in others)


def test_a_file_in_a_document_of_parts_is_a_file(claude: Proxy, provider: Provider) -> None:
    inner = {"type": "content", "content": [{"type": "document", "source": PDF}]}
    document = {"type": "document", "source": inner}

    request, dropped = sent(claude, provider, "gpt-inner", messages=of_user(document))

    (pdf,) = request["messages"][0]["content"]
    assert pdf["file"]["file_data"].endswith(PDF["data"])
    assert dropped == set()


def test_what_a_search_found_is_a_text(claude: Proxy, provider: Provider) -> None:
    cited = {**FOUND, "citations": {"enabled": True}}

    request, dropped = sent(claude, provider, "gpt-found", messages=of_user(cited, FOUND))

    texts = [part["text"] for part in request["messages"][0]["content"]]
    assert texts == [FOUND_TEXT, FOUND_TEXT]
    assert dropped == {"messages[].search_result.citations"}


def test_what_a_tool_found_is_its_results_text(claude: Proxy, provider: Provider) -> None:
    request, dropped = sent(claude, provider, "gpt-tool-found", messages=in_result(FOUND))

    assert request["messages"][2]["content"] == FOUND_TEXT
    assert dropped == set()


def test_where_an_earlier_answer_found_it_is_named(claude: Proxy, provider: Provider) -> None:
    cited = {"type": "char_location", "cited_text": "Four.", "document_index": 0}
    said = [{"type": "text", "text": "It is four.", "citations": [cited]}]
    turns = of_user({"type": "text", "text": "How many?"})
    turns += [{"role": "assistant", "content": said}, *of_user({"type": "text", "text": "Sure?"})]

    request, dropped = sent(claude, provider, "gpt-cited", messages=turns)

    assert request["messages"][1]["content"] == "It is four."
    assert dropped == {"messages[].citations"}


def test_how_a_search_is_to_be_done_is_named(claude: Proxy, provider: Provider) -> None:
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
    search["allowed_domains"] = ["law.example"]

    request, dropped = sent(claude, provider, "gpt-search-preview", tools=[search, TOOL])

    assert [tool["function"]["name"] for tool in request["tools"]] == [TOOL["name"]]
    assert {"tools[].max_uses", "tools[].allowed_domains"} <= dropped


def _told(proxy: Proxy, provider: Provider, model: str, request: Json) -> Json:
    answer = post(proxy, json=request)
    assert answer.status_code == 200, answer.text
    told = provider.requests_for(model)[-1].json
    assert told is not None
    return told
