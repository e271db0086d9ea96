"""What does an lm-proxy connection table ask for? The same table in our words, before it is judged.

A key that does nothing here is a warning, never silence.
"""

from typing import Any

from lmproxy.config import lm_proxy_keys as theirs
from lmproxy.config.lm_proxy_clouds import azure, google
from lmproxy.config.lm_proxy_keys import is_true
from lmproxy.config.lm_proxy_table import Table
from lmproxy.config.problems import nearest
from lmproxy.config.schema import Connection

SPELLED = frozenset(Connection.model_fields) | theirs.KEYS
"""Every key that may be written in capitals and with `LLM_` in front."""
NOT_DEFAULTS = {
    "stream": "the client says whether it wants a stream",
    "messages": "the client says them",
    "stream_options": "write stream_usage",
    "callback": "[[loggers]] takes functions of yours",
    "callbacks": "[[loggers]] takes functions of yours",
    "extra_query": "no field of a request's body",
    "deployment_id": "write model",
}
"""What `default_args` cannot say."""
HEADERS = {"organization": "OpenAI-Organization", "project": "OpenAI-Project"}
"""Parameters of OpenAI's SDK that it sends as headers."""


def in_our_words(name: str, said: dict[str, Any]) -> Table:
    """The table of connection `name`; `said` is not changed."""
    table = Table(("connections", name), dict(said))
    if "class" in said:
        return table  # Somebody's own: its keys are its own.
    _spell(table)
    if not isinstance(kind := table.said.get("api_type", ""), str) or "." in kind:
        return Table(table.place, dict(said))  # The same.
    _settle_kind(table)
    _say_no_effect(table)
    _defaults(table)
    kind = table.said.get("api_type", "openai")
    if kind in theirs.LOCAL:
        _local(table, kind)
        return table
    for key, other in theirs.NOT_OF_PROVIDERS.items():
        if table.take(key) is not None:
            table.warn(key, instead=f"write api_type = '{other}', or leave it out")
    _init_params(table)
    _api_key(table, kind)
    azure(table, kind)
    google(table, kind)
    _chat_mode(table)
    if table.said.get("model") in theirs.PRESETS:
        table.warn("model", instead="name the model itself")
        del table.said["model"]
    return table


def _spell(table: Table) -> None:
    """Keys in capitals, and with `LLM_` in front."""
    for key in list(table.said):
        plain = key.lower()
        name = plain if plain in SPELLED else plain.removeprefix("llm_")
        if name == key or name not in SPELLED:
            continue
        if name in table.said:
            table.fail(key, message=f"says the same as '{name}'", hint="keep one of them")
            del table.said[key]
            continue
        table.said = {name if k == key else k: v for k, v in table.said.items()}
        table.moved[(*table.place, name)] = (*table.place, key)


def _settle_kind(table: Table) -> None:
    """One `api_type` of type and platform, or of what else tells it."""
    kind, platform = table.said.get("api_type"), table.take("api_platform")
    if kind in ("", None):
        table.said.pop("api_type", None)
        kind = None
    if platform is None:
        found = kind or _inferred(table.said)
    elif str(platform) not in theirs.PLATFORMS:
        hint = nearest(str(platform), theirs.PLATFORMS)
        table.fail("api_platform", message="is none that is known", hint=hint)
        return
    else:
        found = _of_platform(kind, str(platform))
    if found is None and platform is not None:
        message = f"does not go with api_type = '{kind}'"
        table.fail("api_platform", message=message, hint="keep one of them")
    elif found is not None and found != kind:
        origin = "api_platform" if platform else "api_base" if "api_base" in table.said else ""
        table.said.pop("api_type", None)
        table.put(found, ("api_type",), *([origin] if origin else []))


def _inferred(said: dict[str, Any]) -> str | None:
    """The `api_type` of a table that names none; `None` if nothing tells it."""
    base = said.get("api_base")
    if isinstance(base, str) and base.rstrip("/") in theirs.BASES:
        return theirs.BASES[base.rstrip("/")]
    return "function" if said.get("inference_func") else "cli" if said.get("cli") else None


def _of_platform(kind: str | None, platform: str) -> str | None:
    """Our `api_type` for both; `None` where they contradict each other."""
    of_platform = "google" if platform == "google_ai_studio" else platform
    alike = {"open_ai": "openai", "deep_infra": "deepinfra", "google_ai_studio": "google"}
    kind = alike.get(kind or "", kind)
    return of_platform if kind in (None, theirs.PLATFORMS[platform], of_platform) else None


def _say_no_effect(table: Table) -> None:
    for key, instead in theirs.NO_EFFECT.items():
        if table.take(key) is not None:
            table.warn(key, instead=instead)
    for key, (usual, instead) in theirs.NO_EFFECT_UNLESS.items():
        value = table.take(key)
        if value is not None and is_true(value) != usual:
            table.warn(key, instead=instead)
    begin, end = (f"hidden_output_{part}" for part in ("begin", "end"))
    for key, other in ((begin, end), (end, begin)):
        if key in table.said and not (table.said[key] and table.said.get(other)):
            del table.said[key]
            table.warn(key, instead=f"give {other} too")


def _local(table: Table, kind: str) -> None:
    """What a function, a command or a model on this machine has no use for."""
    unused = {"use_responses_api"}
    if kind in theirs.OF_KIND:
        unused |= {"http_headers", "api_base", "api_key", "api_version"}
        unused |= theirs.KEYS - theirs.OF_KIND[kind]
    for key in [key for key in table.said if key in unused]:
        if table.take(key) is not None:
            table.warn(key, instead=f"api_type = '{kind}' asks no provider")


def _defaults(table: Table) -> None:
    """What the SDK's call takes and is no field of the body."""
    given = table.said.get("default_args")
    if not isinstance(given, dict):
        return
    given = dict(given)
    for key, instead in NOT_DEFAULTS.items():
        if given.pop(key, None) is not None:
            table.warn("default_args", key, instead=instead)
    for key, path in DEFAULTS_ELSEWHERE.items():
        if key in given:
            table.replace(given.pop(key), path, "default_args", key)
    if isinstance(headers := given.get("extra_headers"), dict):
        for name, value in headers.items():
            table.put(value, ("http_headers", name), "default_args", "extra_headers", name)
        del given["extra_headers"]
    if isinstance(body := given.get("extra_body"), dict):
        del given["extra_body"]
        given = {**given, **body}
    table.said["default_args"] = given


DEFAULTS_ELSEWHERE: dict[str, tuple[str, ...]] = {
    "model": ("model",),
    "timeout": ("init_params", "timeout"),
    "use_responses_api": ("use_responses_api",),
    "show_thinking": ("show_thinking",),
}
"""What of `default_args` is a key of the connection; it goes before that, as with lm-proxy."""


def _init_params(table: Table) -> None:
    """The SDK client's parameters that mean something here."""
    given = table.take("init_params")
    if not isinstance(given, dict):
        if given is not None:
            table.fail("init_params", message="must be a table")
        return
    for name, value in given.items():
        origin = ("init_params", name)
        if value is None or (name == "max_retries" and value in (0, "0")):
            continue
        if name == "timeout":
            _timeout(table, value)
        elif name == "default_headers" and isinstance(value, dict):
            for header, text in value.items():
                table.put(text, ("http_headers", header), *origin, header)
        elif name in HEADERS:
            table.put(value, ("http_headers", HEADERS[name]), *origin)
        elif name in INIT:
            table.replace(value, INIT[name], *origin)
        else:
            instead = NO_INIT.get(name, "no SDK of the provider's is used here")
            table.warn(*origin, instead=instead)


INIT: dict[str, tuple[str, ...]] = {
    "api_key": ("api_key",),
    "base_url": ("api_base",),
    "azure_endpoint": ("api_base",),
    "api_version": ("api_version",),
    "azure_ad_token": ("litellm", "azure_ad_token"),
}
"""Parameters that are keys of ours, which they go before, as with lm-proxy."""
NO_INIT = {
    "max_retries": "requests are not sent again: what may be, the client's SDK sends again",
    "http_client": "write proxy, ca_file or timeouts",
    "azure_deployment": "write models, or the deployment's name in [routing]",
}


def _timeout(table: Table, value: Any) -> None:
    """The SDK's number of seconds, which it takes for each wait there is."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        table.warn("init_params", "timeout", instead="write timeouts")
        return
    for name in ("connect_s", "first_byte_s", "answer_s", "silence_s"):
        table.put(seconds, ("timeouts", name), "init_params", "timeout")


def _api_key(table: Table, kind: str) -> None:
    """The names of a key by vendor: that of this vendor, where `api_key` says nothing."""
    own = theirs.KEY_OF.get(kind, "openai_api_key")
    for name in ("openai_api_key", "anthropic_api_key", "google_api_key"):
        value = table.take(name)
        if value is None:
            continue
        if name == own and not table.said.get("api_key"):
            table.replace(value, ("api_key",), name)
        else:
            table.warn(name, instead="api_key is the key of this connection")


def _chat_mode(table: Table) -> None:
    """`true` is what happens anyway."""
    mode = table.take("chat_mode")
    if mode is not None and not is_true(mode):
        table.warn("chat_mode", instead="ask /v1/completions, which goes on as it is")
