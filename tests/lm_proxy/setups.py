"""The configs that both are started on. Each asks no more than lm-proxy 3.3.2 knows."""

TEAM_KEY = "team-key-0123456789abcdef0123"
GUEST_KEY = "guest-key-0123456789abcdef012"
SECOND_GUEST_KEY = "second-guest-key-0123456789abcdef"

README_MAPPING = {
    "completion_tokens": "response.usage.completion_tokens",
    "prompt_tokens": "response.usage.prompt_tokens",
    "prompt": "request.messages",
    "response": "response",
    "group": "group",
    "connection": "connection",
    "api_key_id": "api_key_id",
    "remote_addr": "remote_addr",
    "created_at": "created_at",
    "duration": "duration",
}
"""What both READMEs of lm-proxy show."""
OTHER_PATHS = {
    "first_words": "request.messages.0.content",
    "asked": "request.model",
    "model": "model",
    "temperature": "llm_params.temperature",
    "sent_model": "llm_params.model",
    "total": "response.usage.total_tokens",
    "nowhere": "request.messages.9.content",
    "nothing": "extra.nothing",
    "last_words": "request.messages.-1.content",
    "before_the_first": "request.messages.-9.content",
    "said": "response.content",
    "counts": "response.usage",
    "why": "response.choices.0.finish_reason",
    "answer": "response.id",
    "served": "response.model",
    "error": "error",
}

_CONNECTIONS = """
[connections.up]
api_type = "open_ai"
api_base = "env:PROVIDER_URL"
api_key = "env:UP_KEY"
[connections.other]
api_type = "openai"
api_base = "env:PROVIDER_URL"
api_key = "sk-provider-other"
[connections.third]
api_base = "env:PROVIDER_URL"
api_key = "sk-provider-third"
"""
_ROUTING = """
[routing]
"gpt-4.1" = "up.gpt-4.1.mini"
"local" = "other.openai/gpt-oss-20b"
"gpt*" = "up.*"
"gpt-late" = "other.never"
"team/*" = "other.*"
"[ab]c" = "other.of.a-set"
"[!abz]c" = "up.not-of-the-set"
"v?.?" = "up.*"
"Claude*" = "other.upper/claude"
"claude*" = "up.*"
"dot.*.end" = "other.*"
"short/*" = "up.{1}"
"third/?" = "third.*"
"open*" = "up.*"
[model_info."gpt-4.1"]
context_length = 400000
[model_info."team/*"]
owned_by = "the team"
tags = ["a", "b"]
[model_info."nobody"]
context_length = 1
"""
_GROUPS = f"""
[groups.team]
api_keys = ["{TEAM_KEY}"]
[groups.guests]
api_keys = ["{GUEST_KEY}", "{SECOND_GUEST_KEY}"]
allowed_connections = "up , third"
"""


_OWN_CODE = """
host = "127.0.0.1"
port = 0
api_key_check = "own.whose"
[connections.up]
api_type = "open_ai"
api_base = "env:PROVIDER_URL"
api_key = "env:UP_KEY"
init_params = { max_retries = 0 }
default_args = { temperature = 0.2, top_p = 0.5 }
[connections.up.http_headers]
X-Source = "proxy-node-1"
[connections.other]
api_base = "env:PROVIDER_URL"
api_key = "sk-provider-other"
init_params = { max_retries = 0 }
[connections.table]
class = "lm_proxy.strategies.Fallback"
connections = { up = { model = "first" }, other = { model = "next", reasoning_effort = "low" } }
[connections.list]
class = "lm_proxy.strategies.Fallback"
connections = ["up.org/first.v1", "other.next"]
[connections]
coroutine = "own.answer"
[connections.instance]
class = "own.Instance"
prefix = "I say: "
[connections.function]
api_type = "function"
inference_func = "own.infer"
chat_mode = true
[routing]
"up-*" = "up.*"
"table*" = "table.*"
"list-*" = "list.*"
"coroutine" = "coroutine.any/model"
"instance" = "instance.*"
"function" = "function.any"
[groups.team]
[groups.guests]
allowed_connections = "list, function"
[[before]]
class = "lm_proxy.handlers.RateLimiter"
max_requests = 3
window_seconds = 3600
per = "group"
[[before]]
class = "lm_proxy.handlers.HTTPHeadersForwarder"
white_list_headers = ["x-trace-id", "traceparent"]
[[before]]
class = "own.Handler"
file_name = "handled.jsonl"
[[loggers]]
class = "lm_proxy.loggers.BaseLogger"
log_writer = "own.write"
entry_transformer = "own.transform"
"""


def json_log(name: str, mapping: dict[str, str] | None) -> str:
    """A logger that writes `logs/NAME.jsonl`; without a mapping, whole lines."""
    text = f"""
[[loggers]]
class = "lm_proxy.loggers.BaseLogger"
[loggers.log_writer]
class = "lm_proxy.loggers.JsonLogWriter"
file_name = "logs/{name}.jsonl"
"""
    if mapping is None:
        return text
    rows = "".join(f'{name} = "{path}"\n' for name, path in mapping.items())
    return (
        f'{text}[loggers.entry_transformer]\nclass = "lm_proxy.loggers.LogEntryTransformer"\n{rows}'
    )


def config(*top: str, loggers: str = "") -> str:
    """A whole config with these lines at its top."""
    head = "\n".join(['host = "127.0.0.1"', "port = 0", *top])
    return f"{head}\n{_CONNECTIONS}{_ROUTING}{_GROUPS}{loggers}"


_OBJECTS = {
    "words": "request.messages.-1.content",
    "thing": "extra.thing",
    "size": "extra.thing.size",
    "double": "extra.thing.double",
    "tag": "extra.thing.tags.-1",
    "calls": "response.choices.0.message.tool_calls",
}
CONFIGS = {
    "main": config(
        'encryption_key = "a salt of the tests"',
        loggers=json_log("readme", README_MAPPING) + json_log("paths", OTHER_PATHS),
    ),
    "ignore_wildcards": config(
        'model_listing_mode = "ignore_wildcards"', loggers=json_log("whole", None)
    ),
    "own_code": _OWN_CODE.replace("max_requests = 3\n", "max_requests = 1000\n")
    + json_log("objects", _OBJECTS),
    "limited": _OWN_CODE,
    "expand_wildcards": config('model_listing_mode = "expand_wildcards"', 'api_prefix = "/v1"'),
}
