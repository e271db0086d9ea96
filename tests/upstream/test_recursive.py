"""Schemas that refer to themselves: trees, as tools take them and answers have them."""

import json
from typing import Any

import pytest

from lmproxy.upstream.recursive import MOST_TABLES, is_recursive
from tests.upstream.parameters import DROPPED, Asking

NODE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
    },
    "required": ["name"],
}
TREE = {"type": "object", "properties": {"root": {"$ref": "#/$defs/node"}}, "$defs": {"node": NODE}}
OWN_ROOT = {"type": "object", "properties": {"next": {"$ref": "#"}}}
OVER_ANOTHER = {
    "type": "object",
    "properties": {"a": {"$ref": "#/definitions/a"}},
    "definitions": {
        "a": {"type": "object", "properties": {"b": {"$ref": "#/definitions/b"}}},
        "b": {"type": "object", "properties": {"a": {"$ref": "#/definitions/a"}}},
    },
}
RECURSIVE = {"tree": TREE, "root": OWN_ROOT, "over another": OVER_ANOTHER}
TWICE = {
    "type": "object",
    "properties": {"from": {"$ref": "#/$defs/day"}, "to": {"$ref": "#/$defs/day"}},
    "$defs": {"day": {"type": "string"}},
}
BEDROCK = "bedrock/anthropic.claude-sonnet-4-20250514-v1:0"
every_schema = pytest.mark.parametrize("schema", RECURSIVE.values(), ids=list(RECURSIVE))


def tool(schema: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "grow", "parameters": schema}}


@every_schema
def test_gemini_gets_a_tools_schema_whole(schema: Any, asking: Asking) -> None:
    answer = asking.ask("gemini/gemini-2.5-flash", tools=[tool(schema)])

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers
    (function,) = asking.sent[0]["tools"][0]["function_declarations"]
    assert function["parametersJsonSchema"] == schema


@every_schema
@pytest.mark.parametrize(
    "model", ["gemini-litellm/gemini-2.5-flash", "gemini/gemini-1.5-pro", BEDROCK]
)
def test_others_get_as_much_of_it_as_can_be_written_out(
    model: str, schema: Any, asking: Asking
) -> None:
    answer = asking.ask(model, tools=[tool(schema)])

    assert answer.status_code == 200, answer.text
    assert answer.headers[DROPPED] == "tools[].function.parameters"
    assert "$ref" not in json.dumps(asking.sent[0]["tools" if "gem" in model else "toolConfig"])


@pytest.mark.parametrize("model", ["claude/claude-sonnet-4-5", "claude-litellm/claude-sonnet-4-5"])
def test_an_answer_that_refers_to_itself_is_written_out_for_claude(
    model: str, asking: Asking
) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "tree", "schema": TREE}}

    answer = asking.ask(model, response_format=form)

    assert answer.status_code == 200, answer.text
    assert "response_format" in answer.headers[DROPPED]
    root = asking.sent[0]["output_format"]["schema"]["properties"]["root"]
    assert "name" in root["properties"]["children"]["items"]["properties"]
    assert "$ref" not in json.dumps(asking.sent[0])


def test_only_what_leads_back_to_itself_is_recursive() -> None:
    assert all(map(is_recursive, RECURSIVE.values()))
    assert not is_recursive(TWICE)
    assert not is_recursive({"$ref": "#/nowhere"})
    assert not is_recursive(None)


def test_what_is_too_large_to_see_is_taken_as_it_is() -> None:
    large = {**TREE, "properties": {str(n): {} for n in range(MOST_TABLES)}}

    assert not is_recursive(large)
