"""What is special of an operation other than chat? Everything that is, in one object.

A file with an `Operation` and its name in `table.OPERATIONS` is a new endpoint: the API makes
the endpoint of it, the relay lane its `Wire`, and `lane` a call of LiteLLM's function.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lmproxy.call import Call, Json, Usage
from lmproxy.errors import InvalidRequest
from lmproxy.upstream.wire import Wire, usage_of


@dataclass(frozen=True, slots=True)
class LitellmFunction:
    """How LiteLLM is asked, where the provider does not speak it.

    Attributes:
        name: of the function in `litellm`.
        parameters: the fields of a request that may become arguments of these names; nothing else
            does.
        required: those of them that every request has: they are never held to be unsupported.
        providers: by LiteLLM's name of a provider for chat, its name for this and what its idea of
            the base URL has behind the connection's. Others do not have it.
        arguments: of LiteLLM's name of a provider and the fields that go on, what it is given.
        answer: of a call and LiteLLM's answer, the client's.
        files: fields of a form whose files become arguments of these names.
        content: of a call and what LiteLLM gave, the media type and body of an answer that is no
            JSON; `None` where it is, and `answer` makes it.
        made_up: fields of answers that LiteLLM fills in where a provider has none.
        hard: of a body, the field that is there and that LiteLLM has no form for at some providers.
        own: further fields that are a provider's own, by LiteLLM's name of it.
    """

    name: str
    parameters: frozenset[str]
    required: frozenset[str]
    providers: Mapping[str, tuple[str, str]]
    arguments: Callable[[str, Json], Json]
    answer: Callable[[Call, Json], Json]
    files: tuple[str, ...] = ()
    content: Callable[[Call, Any], tuple[bytes, bytes] | None] | None = None
    made_up: frozenset[str] = frozenset()
    hard: Callable[[Json], str | None] | None = None
    own: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation and its endpoint, a `POST` in OpenAI's dialect.

    Attributes:
        name: the word for it in records.
        paths: below `api_prefix`.
        paths_beside: as they are, whatever `api_prefix` says.
        summary: a line for the OpenAPI page.
        check: raises `InvalidRequest` for a body that no provider could take.
        wire: how it is relayed.
        litellm: `None` where LiteLLM cannot do it.
        default_model: the name for requests without one; `None`: the config's `default_model`.
        read_usage: of an answer in the client's form, its tokens; `None` if it does not say.
        streams: whether a client may ask for a stream, by `stream`.
        wants_stream: of a body, whether it asks for one in another way.
        takes: the form of its body; of a form, `check` is given the short texts and, of each file,
            its name, type and size.
    """

    name: str
    paths: tuple[str, ...]
    summary: str
    check: Callable[[Json], None]
    wire: Wire
    litellm: LitellmFunction | None = None
    paths_beside: tuple[str, ...] = ()
    default_model: str | None = None
    read_usage: Callable[[Json], Usage | None] = usage_of
    streams: bool = False
    wants_stream: Callable[[Json], bool] | None = None
    takes: Literal["json", "form", "either"] = "json"


def need(body: Json, param: str, kinds: type | tuple[type, ...], wanted: str) -> Any:
    """The field `param` of a request, which is one of `kinds`, in words `wanted`.

    Raises:
        InvalidRequest: it is missing, empty or of another type.
    """
    value = body.get(param)
    if value is None:
        raise InvalidRequest(
            f"The request has no '{param}'.", code="missing_required_parameter", param=param
        )
    if not isinstance(value, kinds):
        raise InvalidRequest(f"'{param}' must be {wanted}.", code="invalid_type", param=param)
    return value


def need_file(body: Json, *names: str) -> None:
    """Look for a file, or what stands for one, under one of `names`.

    Raises:
        InvalidRequest: there is none.
    """
    if not any(body.get(name) for name in names):
        raise InvalidRequest(
            f"The request has no '{names[0]}'.", code="missing_required_parameter", param=names[0]
        )


def as_chosen(_: str, chosen: Json) -> Json:
    """The fields that go on, as they are."""
    return chosen
