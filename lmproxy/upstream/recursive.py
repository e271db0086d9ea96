"""Schemas that refer to themselves, unrolled for providers for whom LiteLLM cannot follow them.

It puts what a `$ref` means in the place of the `$ref`: without end, or once, and leaves the next
one with nothing that it could refer to. A schema is repeated here as often as most answers need;
deeper down anything will do.
"""

from dataclasses import replace
from typing import Any

from lmproxy.call import Json
from lmproxy.upstream.arguments import Arguments

TOOLS = {"bedrock", "gemini", "vertex_ai"}
"""Providers whose tools' schemas LiteLLM writes without `$ref`."""
FORMATS = {"anthropic", "bedrock"}
"""Providers whose answers' schemas it does."""
MOST_REPEATED = 2
MOST_TABLES = 4000
"""Of a schema, also unrolled; one that has more stays as it is."""
DEFINITIONS = ("$defs", "definitions")


class TooLargeError(Exception):
    """There are too many tables."""


def unroll(arguments: Arguments, provider: str) -> Arguments:
    """The arguments with schemas that LiteLLM can follow, and `whole_tools` if it made any."""
    if b'"$ref"' not in arguments.source:
        return arguments
    known = dict(arguments.known)
    whole_tools = None
    tools = known.get("tools")
    if provider in TOOLS and isinstance(tools, list) and any(map(_is_recursive_tool, tools)):
        whole_tools, known["tools"] = tools, list(map(_unrolled_tool, tools))
    form = known.get("response_format")
    schema = schema_of(form)
    if form and provider in FORMATS and is_recursive(schema):
        named = {**form["json_schema"], "schema": _Unrolling(schema).whole()}
        known["response_format"] = {**form, "json_schema": named}
    return replace(arguments, known=known, whole_tools=whole_tools)


def schema_of(response_format: Any) -> Any:
    """What a `response_format` has the answer be; `None` if it does not say."""
    named = response_format.get("json_schema") if isinstance(response_format, dict) else None
    return named.get("schema") if isinstance(named, dict) else None


def has_recursive(tools: Any) -> bool:
    """Whether what one of the tools takes refers to itself."""
    return isinstance(tools, list) and any(map(_is_recursive_tool, tools))


def is_recursive(schema: Any) -> bool:
    """Whether a schema refers to itself; one that is too large to see is taken as it is."""
    if not isinstance(schema, dict):
        return False
    try:
        return _References(schema).lead_back()
    except TooLargeError:
        return False


class _References:
    """Which of a schema's references lead where."""

    def __init__(self, schema: Json) -> None:
        self._schema = schema
        self._tables = 0
        self._known: dict[str, set[str]] = {}

    def lead_back(self) -> bool:
        """Whether what one refers to refers to itself, at once or over others."""
        done: set[str] = set()
        for beginning in sorted(self._of(self._schema)):
            path: list[tuple[str, list[str]]] = [(beginning, sorted(self._from(beginning)))]
            within = {beginning}
            while path:
                reference, rest = path[-1]
                if not rest:
                    path.pop()
                    within.discard(reference)
                    done.add(reference)
                elif (found := rest.pop()) in within:
                    return True
                elif found not in done:
                    within.add(found)
                    path.append((found, sorted(self._from(found))))
        return False

    def _from(self, reference: str) -> set[str]:
        if reference not in self._known:
            self._known[reference] = self._of(_meant(self._schema, reference))
        return self._known[reference]

    def _of(self, node: Any) -> set[str]:
        found: set[str] = set()
        rest = [node]
        while rest:
            value = rest.pop()
            if isinstance(value, dict):
                self._tables += 1
                if self._tables > MOST_TABLES:
                    raise TooLargeError
                if isinstance(value.get("$ref"), str):
                    found.add(value["$ref"])
                rest += value.values()
            elif isinstance(value, list):
                rest += value
        return found


def _meant(schema: Json, reference: str) -> Any:
    """What a reference means inside its document; `None`: nothing."""
    if not reference.startswith("#"):
        return None
    meant: Any = schema
    for name in reference[1:].split("/")[1:]:
        name = name.replace("~1", "/").replace("~0", "~")
        meant = meant.get(name) if isinstance(meant, dict) else None
    return meant


class _Unrolling:
    """Puts the meaning of references in their places."""

    def __init__(self, schema: Json) -> None:
        self._schema = schema
        self._tables = 0

    def whole(self) -> Json:
        """The schema without references; itself, if that is too large."""
        bare = {name: v for name, v in self._schema.items() if name not in DEFINITIONS}
        try:
            unrolled: Json = self._unrolled(bare, ("#",))
        except TooLargeError:
            return self._schema
        return unrolled

    def _unrolled(self, node: Any, within: tuple[str, ...]) -> Any:
        if isinstance(node, list):
            return [self._unrolled(inside, within) for inside in node]
        if not isinstance(node, dict):
            return node
        self._tables += 1
        if self._tables > MOST_TABLES:
            raise TooLargeError
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return {name: self._unrolled(inside, within) for name, inside in node.items()}
        rest = {name: inside for name, inside in node.items() if name != "$ref"}
        return self._instead(reference, within) | self._unrolled(rest, within)

    def _instead(self, reference: str, within: tuple[str, ...]) -> Json:
        meant = _meant(self._schema, reference)
        if not isinstance(meant, dict):
            return {}
        if within.count(reference) >= MOST_REPEATED:
            return {"type": meant["type"]} if "type" in meant else {}
        bare = {name: v for name, v in meant.items() if name not in DEFINITIONS}
        unrolled: Json = self._unrolled(bare, (*within, reference))
        return unrolled


def _parameters(tool: Any) -> Any:
    function = tool.get("function") if isinstance(tool, dict) else None
    return function.get("parameters") if isinstance(function, dict) else None


def _is_recursive_tool(tool: Any) -> bool:
    return is_recursive(_parameters(tool))


def _unrolled_tool(tool: Any) -> Any:
    if not _is_recursive_tool(tool):
        return tool
    parameters = _Unrolling(_parameters(tool)).whole()
    return {**tool, "function": {**tool["function"], "parameters": parameters}}
