"""Which tools of a Responses request can a chat provider be told of, and by which names?

Chat has functions alone. A namespace's functions become plain ones whose names begin with it; a
custom tool becomes a function that takes one text. Tools that OpenAI runs itself (web search, code
interpreter, hosted MCP…) nobody else can run: they are left out and named.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lmproxy.call import Json
from lmproxy.errors import InvalidRequest

LONGEST_NAME = 64
LONGEST_STEM = 58
"""Of a name that several tools have: leaves room for a number of each."""
NOT_IN_NAMES = re.compile("[^A-Za-z0-9_-]")
"""What chat's names of functions must not have."""
FUNCTION_FIELDS = {"type", "name", "description", "parameters", "strict"}
CUSTOM_FIELDS = {"type", "name", "description", "format"}
NO_PARAMETERS: Json = {"type": "object", "properties": {}}
INPUT = "input"
"""The parameter of a custom tool's function."""
INPUT_SCHEMA: Json = {
    "type": "object",
    "properties": {INPUT: {"type": "string", "description": "The whole input, as it is."}},
    "required": [INPUT],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as the client knows it."""

    name: str
    namespace: str | None = None
    is_custom: bool = False


@dataclass(slots=True)
class Toolbox:
    """The tools of one request.

    Attributes:
        chat: by the name that the provider is told, chat's form of each.
        known: by the same name, the client's tool.
        echoed: those that are carried, as the client wrote them.
    """

    chat: dict[str, Json] = field(default_factory=dict)
    known: dict[str, Tool] = field(default_factory=dict)
    echoed: list[Json] = field(default_factory=list)
    _told: dict[tuple[str, str | None], str] = field(default_factory=dict)
    """By the client's name and namespace, the provider's name of the first such tool."""
    _next: dict[str, int] = field(default_factory=dict)
    """By the beginning of a name that several tools had, the number that the next one gets."""

    def tool(self, name: str) -> Tool:
        """The client's tool of a name that the provider said."""
        return self.known.get(name) or Tool(name)

    def name(self, name: str, namespace: Any) -> str:
        """The provider's name of a client's tool, which need not be in the box."""
        told = self._told.get((name, namespace)) if isinstance(namespace, str | None) else None
        return told or _fitting(name, namespace)

    def put(self, tool: Tool, description: Any, function: Json) -> None:
        """Add a function that stands for `tool`."""
        told = self._free(_fitting(tool.name, tool.namespace))
        said = {"description": description} if isinstance(description, str) and description else {}
        self.known[told] = tool
        self._told.setdefault((tool.name, tool.namespace), told)
        self.chat[told] = {"type": "function", "function": {"name": told, **said, **function}}

    def _free(self, name: str) -> str:
        """`name`, or one like it that no other tool has."""
        if name not in self.known:
            return name
        stem = name[:LONGEST_STEM]
        number = self._next.get(stem, 2)
        while (free := f"{stem}_{number}") in self.known:
            number += 1
        self._next[stem] = number + 1
        return free


def read_tools(tools: Any, dropped: list[str]) -> Toolbox:
    """The toolbox of a request's `tools`; what chat cannot say is added to `dropped`.

    Raises:
        InvalidRequest: it is no list of objects.
    """
    box = Toolbox()
    if tools is None:
        return box
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise InvalidRequest(
            "'tools' must be a list of objects.", code="invalid_type", param="tools"
        )
    for tool in tools:
        if tool.get("type") == "namespace":
            carried = [_add(inner, tool, box, dropped) for inner in _inner(tool)]
            box.echoed += [tool] if any(carried) else []
        elif _add(tool, None, box, dropped):
            box.echoed.append(_as_answered(tool))
    return box


def kind_of(thing: Json) -> str | None:
    """Its `type`; `None` if that is no text."""
    kind = thing.get("type")
    return kind if isinstance(kind, str) else None


def _inner(namespace: Json) -> Iterator[Json]:
    tools = namespace.get("tools")
    yield from (t for t in (tools if isinstance(tools, list) else ()) if isinstance(t, dict))


def _add(tool: Json, namespace: Json | None, box: Toolbox, dropped: list[str]) -> bool:
    """Put a tool into the box. False for one that chat has no word for."""
    kind, name = kind_of(tool), tool.get("name")
    if kind not in ("function", "custom") or not isinstance(name, str):
        dropped.append(f"tools[].{kind or 'type'}")
        return False
    is_custom = kind == "custom"
    fields = CUSTOM_FIELDS if is_custom else FUNCTION_FIELDS
    dropped += [f"tools[].{key}" for key in tool if key not in fields and tool[key] is not None]
    space = str(namespace.get("name")) if namespace and namespace.get("name") else None
    function = {"parameters": INPUT_SCHEMA} if is_custom else _function(tool)
    said = [tool.get("description"), _format(tool, dropped) if is_custom else None]
    if namespace:
        said.insert(0, namespace.get("description"))
    description = "\n\n".join(text for text in said if isinstance(text, str) and text)
    box.put(Tool(name, space, is_custom), description, function)
    return True


def _function(tool: Json) -> Json:
    """`strict` only where it is asked for: some servers do not know the word."""
    function: Json = {"parameters": tool.get("parameters") or NO_PARAMETERS}
    if tool.get("strict") is True:
        function["strict"] = True
    return function


def _format(tool: Json, dropped: list[str]) -> str | None:
    """What a custom tool's grammar says, in words: nobody else holds a model to it."""
    given = tool.get("format")
    if not isinstance(given, dict) or given.get("type") != "grammar":
        return None
    dropped.append("tools[].format")
    return f"The input follows this {given.get('syntax')} grammar:\n{given.get('definition')}"


def _as_answered(tool: Json) -> Json:
    """A tool with the fields that an answer's copy of it must have."""
    if tool.get("type") == "custom":
        return tool
    return {**tool, "parameters": tool.get("parameters"), "strict": tool.get("strict") or False}


def _fitting(name: str, namespace: Any) -> str:
    """A name that chat takes, the same for the same tool each time."""
    whole = NOT_IN_NAMES.sub("_", f"{namespace}__{name}" if namespace else name)
    if len(whole) <= LONGEST_NAME:
        return whole
    mark = hashlib.sha256(whole.encode()).hexdigest()[:8]
    return f"{whole[: LONGEST_NAME - 9]}_{mark}"


def settle_choice(choice: Any, box: Toolbox, chat: Json, dropped: list[str]) -> None:
    """Put the tools and `tool_choice` into the body of a chat request.

    Where only some tools are allowed, the provider is told of no others.
    """
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        allowed = choice.get("tools")
        names = [_chosen(tool, box) for tool in (allowed if isinstance(allowed, list) else ())]
        chat["tools"] = [box.chat[name] for name in dict.fromkeys(names) if name]
        choice = choice.get("mode")
    else:
        chat["tools"] = list(box.chat.values())
    told: Any = choice
    if isinstance(choice, dict):
        name = _chosen(choice, box)
        told = {"type": "function", "function": {"name": name}} if name else None
    if not chat["tools"]:
        del chat["tools"]
        told = None
    if told is not None:
        chat["tool_choice"] = told
    elif choice not in (None, "auto", "none"):
        dropped.append("tool_choice")


def _chosen(choice: Any, box: Toolbox) -> str | None:
    """The provider's name of the tool that a choice names; `None` if that is not in the box."""
    if not isinstance(choice, dict) or choice.get("type") not in ("function", "custom"):
        return None
    given = choice.get("function") or choice.get("custom")  # As chat has it.
    fields = given if isinstance(given, dict) else choice
    name = box.name(str(fields.get("name")), choice.get("namespace"))
    return name if name in box.chat else None
