"""A request as somebody's own logger or handler sees it, in lm-proxy's words.

lm-proxy gave its plug-ins one object for the whole of a request; its fields and their order are the
same here. `request` and `llm_params` are tables whose fields can be read as attributes too.
"""

import json
from collections.abc import Callable, Container, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from lmproxy.call import Json

NOT_LOGGED = {"http_request", "dialect", "operation"}
"""Not in a line that has everything: lm-proxy's has none of them, or no use for them."""


class Fields(dict[str, Any]):
    """A table whose fields are attributes as well; `None` for one that is not there."""

    def __getattr__(self, name: str) -> Any:
        """The field of this name."""
        if name.startswith("__"):  # What copies and pickles looks for these.
            raise AttributeError(name)
        return self.get(name)

    def model_dump(
        self,
        *,
        include: Container[str] | None = None,
        exclude: Container[str] | None = None,
        exclude_none: bool = False,
        **_: Any,
    ) -> Json:
        """A copy, as of the pydantic model that lm-proxy's requests are."""
        chosen = {
            name: value
            for name, value in self.items()
            if (include is None or name in include)
            and (exclude is None or name not in exclude)
            and not (exclude_none and value is None)
        }
        return deepcopy(chosen)

    def model_dump_json(self, *, indent: int | None = None, **choice: Any) -> str:
        """The same as JSON."""
        return json.dumps(self.model_dump(**choice), indent=indent, default=str)


class Tokens(Fields):
    """What an answer took, as lm-proxy counts it.

    What it does not count can be read, and is in no line unless it is named.
    """

    def __init__(self, counts: Json, more: Json) -> None:
        """`more`: ours, and what nobody counted."""
        super().__init__(counts)
        self.more = more

    @classmethod
    def of(cls, usage: Json) -> "Tokens":
        """Those of a record's usage."""
        counts = {name: usage.get(name) for name in THEIR_COUNTS}
        cached, reasoning = usage.get("cached_tokens"), usage.get("reasoning_tokens")
        others = {"cache_read_input_tokens": cached, "reasoning_tokens": reasoning}
        told = {name: count for name, count in others.items() if count is not None}
        return cls({**counts, **told}, {**usage, **others})

    def get(self, name: str, default: Any = None) -> Any:
        """A count; `None` if nobody counted."""
        return super().get(name, vars(self).get("more", {}).get(name, default))

    def __missing__(self, name: str) -> Any:
        return vars(self).get("more", {})[name]


THEIR_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


class ResponseText(str):
    """What a model said, with the tokens it took in `usage`; `""` where it only called tools.

    Attributes:
        whole: gives the answer's table; an empty one of a stream.
    """

    NAMES = ("content", "choices", "id", "model")
    """Fields of lm-proxy's answers that can be read as attributes."""
    usage: Tokens
    whole: Callable[[], Json] = dict

    @property
    def content(self) -> str:
        """The text."""
        return str(self)

    def __getattr__(self, name: str) -> Any:
        """A field of a plain chat answer; `None` of a stream."""
        if name in self.NAMES:
            return self.whole().get(name)
        raise AttributeError(name)


def fields_of(thing: Any) -> Json:
    """Those of an object of anybody's; none of what has none."""
    if isinstance(thing, type):
        return {}
    dump = getattr(thing, "model_dump", None) or getattr(thing, "dict", None)
    found = dump() if callable(dump) else getattr(thing, "__dict__", None)
    return dict(found) if isinstance(found, Mapping) else {}


@dataclass
class RequestContext:
    """One request.

    Attributes:
        id: ours, as in the records.
        request: the body as the client sent it; `None` if it could not be read.
        http_request: always `None`: a plug-in gets no credential.
        response: `None` until there is an answer, and for requests that got none.
        error: the code of what went wrong, or the type of a provider's error without one; `None` if
            nothing did.
        group: the caller's; `None` if the key was not known.
        connection: where it goes; `None` if it was refused before.
        model: the provider's name of the model.
        llm_params: the request's fields, `model` as the provider gets it. For loggers as they went
            on and without `messages`; handlers may change them.
        api_key_id: the key's name; never the key.
        created_at: local time without a zone.
        duration: seconds; `None` while it lasts.
        user_info: what the key check knows of the caller; empty if that is nothing.
        extra: for plug-ins to leave something for one another.
        dialect: what the client speaks: `openai`, `anthropic` or `responses`.
        operation: what is asked for, in the word of records: `chat`, `messages`, `embeddings`.
    """

    id: str | None = None
    request: Fields | None = None
    http_request: None = None
    response: ResponseText | None = None
    error: str | None = None
    group: str | None = None
    connection: str | None = None
    model: str | None = None
    llm_params: Fields = field(default_factory=Fields)
    api_key_id: str | None = None
    remote_addr: str | None = None
    created_at: datetime | None = None
    duration: float | None = None
    user_info: Json = field(default_factory=dict)
    extra: Json = field(default_factory=dict)
    dialect: str | None = None
    operation: str | None = None

    def to_dict(self) -> Json:
        """Everything that lm-proxy logs, in order."""
        names = (item.name for item in fields(self))
        return {name: getattr(self, name) for name in names if name not in NOT_LOGGED}
