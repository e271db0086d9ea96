"""A request as somebody's own logger or handler sees it, in lm-proxy's words.

lm-proxy gave its plug-ins one object for the whole of a request; its fields and their order are the
same here. `request` and `llm_params` are tables whose fields can be read as attributes too.
"""

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
        return self.get(name)


class ResponseText(str):
    """What a model said, with the tokens it took in `usage`; `""` where it only called tools."""

    usage: Fields


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
