"""What is known of a kind of provider, and which lane does that give its chat?"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from lmproxy.config.values import Operation, StreamUsage

Auth: TypeAlias = Literal["bearer", "x-api-key", "api-key", "x-goog-api-key", "none"]
ChatLane: TypeAlias = Literal["relay", "translate", "litellm"]


@dataclass(frozen=True, slots=True)
class Vendor:
    """A kind of provider.

    Attributes:
        api_type: the canonical name.
        api_base: default base URL without trailing slash. `None`: the operator gives it, except on
            the litellm lane, where LiteLLM makes it from a region or project.
        speaks: what its own API takes and answers in the client's dialect; at `relay_ending` only,
            if that is set.
        auth: the header that carries `api_key`; `bearer` is `Authorization: Bearer KEY`, and
            `none` means that other credentials sign a request.
        key_required: whether a connection without `api_key` is a mistake.
        stream_usage: `ask` adds `stream_options.include_usage`; `given` adds nothing, as counts
            come unasked or the field is refused; `never` expects none.
        chat_lane: what chat takes unless `relay_ending` says more.
        aliases: further accepted names.
        deprecated: those aliases that `check` asks to replace by `api_type`.
        path_prefix: stands between `api_base` and an operation's path.
        relay_ending: only an `api_base` that ends so takes what `speaks` says; `None`: any does.
        notice: what `check` tells everybody who uses this vendor.
        chats: whether it has models to chat with at all.
        litellm: LiteLLM's name for it.
        litellm_path: what LiteLLM's idea of the base URL has behind ours.
    """

    api_type: str
    api_base: str | None
    speaks: frozenset[Operation]
    auth: Auth = "bearer"
    key_required: bool = True
    stream_usage: StreamUsage = "ask"
    chat_lane: ChatLane = "relay"
    aliases: tuple[str, ...] = ()
    deprecated: tuple[str, ...] = ()
    path_prefix: str = ""
    relay_ending: str | None = None
    notice: str | None = None
    chats: bool = True
    litellm: str = "openai"
    litellm_path: str = ""


def relayed(provider: Vendor, api_base: str | None) -> frozenset[Operation]:
    """The operations that go on as the client sent them to a provider at `api_base`.

    An `api_base` of `None` is the vendor's default.
    """
    ending = provider.relay_ending
    if ending is None or (api_base or "").rstrip("/").endswith(ending):
        return provider.speaks
    return frozenset()


def chat_lane(provider: Vendor, api_base: str | None) -> ChatLane:
    """The lane that chat takes to a provider at `api_base` when the config forces none."""
    return "relay" if "chat" in relayed(provider, api_base) else provider.chat_lane
