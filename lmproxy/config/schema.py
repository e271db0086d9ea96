"""Every table and key of the config file: type, default, meaning.

`config.example.toml` is held to this file by a test, in both directions. The vocabulary is
lm-proxy's, grown, never renamed. Unknown keys are errors everywhere. Values are frozen; durations
are seconds.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from lmproxy.config.values import (
    BEDROCK_ADDRESS,
    Lane,
    LitellmSettings,
    Names,
    Operation,
    OptionalFile,
    PluginSpec,
    Prefix,
    RemoteMedia,
    Seconds,
    StreamUsage,
    Targets,
    Url,
    Whole,
    as_connection,
    as_key,
    is_url,
)


class Table(BaseModel):
    """A TOML table: immutable, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Timeouts(Table):
    """Deadlines of one connection."""

    connect_s: Seconds = 5
    """TCP and TLS together."""
    first_byte_s: Seconds = 300
    """A streamed answer's status line and first event."""
    answer_s: Seconds = 1800
    """A plain answer, whole: a healthy model may think for minutes."""
    silence_s: Seconds = 300
    """Between two reads of an answer that has begun."""
    total_s: Seconds = 7200
    """A streamed answer, everything together."""


class Connection(Table):
    """A provider. Keys that belong to one `api_type` only are in `params`, checked by its class."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    api_type: str = "openai"
    """Which provider, or `local`, or a dotted path to a class."""
    api_base: Url | None = None
    """Base URL; each provider with a public address has a default."""
    api_key: SecretStr | None = Field(default=None, min_length=1)
    """The operator's key at the provider."""
    http_headers: dict[str, SecretStr] = {}
    """Sent with every request to the provider; they override our own."""
    lane: Lane = "auto"
    """Force a way to the provider instead of the first that fits."""
    speaks: tuple[Operation, ...] | None = None
    """What the provider understands natively, where its `api_type`'s own list is wrong."""
    stream_usage: StreamUsage | None = None
    """Ask streams for token counts, take them as given, or never expect them."""
    concurrency: Whole | None = Field(default=None, ge=1)
    """Requests under way at once; more are refused with 503."""
    models: dict[str, str] | None = None
    """Asked name to the provider's name (deployment). Names absent from it skip the connection."""
    api_version: str | None = Field(default=None, pattern=r"^[\w.-]{1,64}$")
    """Azure's `api-version`."""
    unsupported_params: Literal["pass", "drop", "reject"] | None = None
    """What becomes of parameters the provider does not take; by default `pass` on relay, else
    `drop`."""
    remote_media: RemoteMedia | None = None
    """Media by URL: let the provider fetch public ones, or refuse all; else the global one."""
    pass_params: Names = ()
    """Provider parameters (`top_k`, `num_ctx`) that go on though OpenAI has none of the name."""
    default_args: dict[str, Any] = {}
    """Fields of requests that the client may leave out; what it says goes before them."""
    hidden_output_begin: str | None = Field(default=None, min_length=1)
    """With `hidden_output_end`: text between both is cut out of answers, they themselves too."""
    hidden_output_end: str | None = Field(default=None, min_length=1)
    """See `hidden_output_begin`."""
    show_thinking: bool = False
    """Put a model's reasoning into its text, between `<think>` and `</think>`."""
    use_responses_api: bool = False
    """Ask the provider's Responses API for what clients ask of its chat."""
    litellm: LitellmSettings = {}
    """The provider's own settings in LiteLLM's words: region, project, credentials."""
    proxy: Url | None = None
    """HTTP proxy URL for this connection. `HTTP_PROXY` and the like are never read."""
    ca_file: Path | None = None
    """PEM file of certificate authorities to trust instead of the public ones."""
    enabled: bool = True
    timeouts: Timeouts = Timeouts()

    @property
    def address(self) -> str | None:
        """The operator's base URL, under either name that one may have; `None`: there is none."""
        named = self.litellm.get(BEDROCK_ADDRESS)
        return self.api_base or (named if isinstance(named, str) and is_url(named) else None)

    @property
    def given(self) -> set[str]:
        """The keys of the table above that the file has."""
        return self.model_fields_set & type(self).model_fields.keys()

    @property
    def params(self) -> dict[str, Any]:
        """Keys that are not of the table above: the constructor parameters of the `api_type`."""
        return dict(self.__pydantic_extra__ or {})


class Key(Table):
    """A virtual key with more to say than its text."""

    key: SecretStr | None = Field(default=None, min_length=1)
    """The key itself, best as `env:`, `file:` or `credential:`."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """Or the SHA-256 digest of it, in hex."""
    id: str | None = Field(default=None, pattern=r"^[\w.-]{1,64}$")
    """The name in logs and records; by default made from the digest."""
    owner: str | None = None
    """The person or program it was given to."""
    label: str | None = None
    """A note for the operator."""
    created: datetime | None = None
    """When it was made; for the operator."""
    expires: datetime | None = None
    """From then on it is refused. Without a zone: UTC."""
    enabled: bool = True


class Group(Table):
    """Who may use what."""

    api_keys: tuple[Annotated[Key, BeforeValidator(as_key)], ...] = ()
    """Virtual keys: a text, `sha256:HEX`, a reference, or a table."""
    allowed_connections: Names = ("*",)
    """Connection names; `*` is every one."""
    allowed_models: Names = ("*",)
    """Patterns on the model name asked."""
    enabled: bool = True


class Server(Table):
    """How the proxy listens and answers."""

    max_body_bytes: Whole = Field(default=32 * 1024 * 1024, ge=1024)
    """A larger request body is 413."""
    max_upload_bytes: Whole = Field(default=100 * 1024 * 1024, ge=1024)
    """A larger form, which brings pictures or sound, is 413."""
    concurrency: Whole | None = Field(default=None, ge=1)
    """Requests under way at once; more are 503."""
    trusted_proxies: Names = ()
    """Addresses or networks whose `X-Forwarded-For` is believed."""
    allowed_hosts: Names = ()
    """`Host` names answered; empty: any, or this machine's own if nobody needs a key. Else 421."""
    allowed_origins: Names = ()
    """Browser origins allowed by CORS; empty: CORS is off."""
    route_header: bool = True
    """Send `x-oai-proxy-route`, which names rule, connection and lane."""
    stream_head_wait_s: Seconds = 10
    """How long a stream's status line waits for the provider's first event."""
    ping_interval_s: Seconds = 15
    """Silence in a stream after which a comment keeps idle hops open."""
    model_list_keep_s: Seconds = 300
    """How long a provider's list of models is good, for `expand_wildcards`."""
    request_head_s: Seconds = 10
    """How long a request's head may take, from the connection's start or the head's first byte."""
    request_body_s: Seconds = 30
    """How long its body may take, and longer by a second for every `request_body_bytes_per_s`."""
    request_body_bytes_per_s: Whole = Field(default=64 * 1024, ge=1)
    """What a body's slowest sender sends."""
    keep_alive_s: Seconds = 30
    """How long a connection may be idle after an answer."""
    client_stall_s: Seconds = 60
    """How long a client may take nothing of an answer that waits for it before it is cut off."""
    drain_s: Seconds = 30
    """How long a stop waits for answers under way."""


class Storage(Table):
    """Where records are kept."""

    dir: Path | None = None
    """`$STATE_DIRECTORY` under systemd, else `./storage`."""


class Settings(Table):
    """The whole file."""

    host: str = "0.0.0.0"  # noqa: S104 - lm-proxy's default; `check` and docs say what it means.
    """Address to listen on."""
    port: Whole = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 is any free one, printed at start."""
    enabled: bool = True
    """`false` answers every model request with 503."""
    dev_autoreload: bool = False
    """lm-proxy's; it has no effect."""
    api_prefix: Prefix = "/v1"
    """Path in front of every API endpoint; may be empty."""
    ssl_keyfile: OptionalFile = None
    """PEM private key; with `ssl_certfile` the proxy speaks HTTPS."""
    ssl_certfile: OptionalFile = None
    """PEM certificate chain."""
    lane: Lane = "auto"
    """For connections that do not say their own: `litellm` sends all traffic through LiteLLM."""
    remote_media: RemoteMedia = "forward"
    """For connections that do not say their own: `refuse` refuses all media by URL."""
    default_model: str | None = None
    """The model of requests that name none; without it they are refused."""
    model_listing_mode: Literal["as_is", "ignore_wildcards", "expand_wildcards"] = "as_is"
    """What `/models` shows of a wildcard rule: itself, nothing, or what the provider lists."""
    model_info: dict[str, dict[str, Any]] = {}
    """Fields merged into the `/models` entry of the routing key of the same name."""
    allow_anonymous: bool = False
    """Serve requests without a key, as group `default`. On loopback only."""
    api_key_check: PluginSpec = Field(
        default=None, validation_alias=AliasChoices("api_key_check", "check_api_key")
    )
    """Who says whose a key is: `jwt` beside the groups' `api_keys`, others in place of them."""
    keys_dir: Path | None = None
    """Directory of machine-written key files, one `GROUP.toml` per group."""
    components: dict[str, PluginSpec] = {}
    """Things of your own that are made first; your modules find them in `lmproxy.components`."""
    connections: dict[str, Annotated[Connection, BeforeValidator(as_connection)]]
    routing: dict[str, Targets] = {}
    groups: dict[str, Group] = {}
    before: tuple[PluginSpec, ...] = ()
    """What may refuse or change a request, in order, before a provider is asked."""
    after: tuple[PluginSpec, ...] = ()
    """What is told of a request once it is over."""
    loggers: tuple[PluginSpec, ...] = ()
    print_stream: bool = False
    """Print what was asked and said on standard output."""
    encryption_key: SecretStr | None = Field(default=None, min_length=1)
    """lm-proxy's salt: with it a key is named in records as lm-proxy named it."""
    server: Server = Server()
    storage: Storage = Storage()


TABLES: dict[tuple[str, ...], type[BaseModel]] = {
    (): Settings,
    ("connections", "*"): Connection,
    ("connections", "*", "timeouts"): Timeouts,
    ("groups", "*"): Group,
    ("groups", "*", "api_keys", "*"): Key,
    ("server",): Server,
    ("storage",): Storage,
}
"""Which table stands at which path; `*` is any name or index."""
