"""Where our proxy differs from lm-proxy 3.3.2 on purpose: one table, both sides of it asserted.

A row says how to look (`seen`) and what is to be seen on either side; `table` makes of it the one
that docs/from-lm-proxy.md shows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.conftest import chat
from tests.lm_proxy import looking
from tests.lm_proxy.setups import GUEST_KEY, TEAM_KEY
from tests.lm_proxy.side import Side
from tests.provider import answers, behaviours, faults, refusals
from tests.provider.exchange import Behaviour

ONE_DOOR = "errors look like the provider's own, and clients act on them"
NOTHING_LOST = "nothing is lost in passage"
ACCOUNTED = "every request is accounted for"
NEVER_GUESSED = "every key of the config is checked, and what it means is certain"


@dataclass(frozen=True, slots=True)
class Difference:
    """One row.

    Attributes:
        what: what is looked at, in words for the table.
        theirs: what lm-proxy does, in words; `ours` likewise.
        reason: why, in words.
        seen: what is seen of a side.
        of_theirs: what `seen` has to give of lm-proxy; `of_ours` likewise.
        config: which of `setups.CONFIGS` both run on.
        as_written: whether it shows only where nobody writes the request anew, as LiteLLM does.
        behaviour: how both providers answer the model `open-difference`, if not well.
    """

    what: str
    theirs: str
    ours: str
    reason: str
    seen: Callable[[Side], Any]
    of_theirs: Any
    of_ours: Any
    config: str = "main"
    as_written: bool = False
    behaviour: Behaviour = behaviours.good_answer


def ask(body: dict[str, Any], key: str = TEAM_KEY) -> Callable[[Side], httpx.Response]:
    return lambda side: side.post(key, body)


def hello(**more: Any) -> dict[str, Any]:
    return chat("open-difference", **more)


TOOL_CALL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}
TOOL_STREAM = behaviours.chunks(
    [
        answers.chat_chunk({"role": "assistant"}),
        answers.chat_chunk({"tool_calls": [TOOL_CALL]}),
        answers.chat_chunk({}, "tool_calls"),
    ]
)
USAGE_ASKED = {"stream": True, "stream_options": {"include_usage": True}}

DIFFERENCES = [
    Difference(
        "a key that nobody has", "403, below `detail`", "401 `invalid_api_key`", ONE_DOOR,
        looking.refusal(ask(hello(), "nobody's")),
        (403, "detail.error", "invalid_api_key"), (401, "error", "invalid_api_key"),
    ),
    Difference(
        "a connection the group may not use", "403 `connection_not_allowed`, below `detail`",
        "403 `model_not_allowed`", ONE_DOOR,
        looking.refusal(ask(chat("local"), GUEST_KEY)),
        (403, "detail.error", "connection_not_allowed"), (403, "error", "model_not_allowed"),
    ),
    Difference(
        "a model that no rule takes", "a bare 500", "404 `model_not_found`", ONE_DOOR,
        looking.refusal(ask(chat("nowhere"))),
        (500, "text", "Internal Server Error"), (404, "error", "model_not_found"),
    ),
    Difference(
        "a name such as `a//b` or `../a`", "sent to the provider", "400 `invalid_model_name`",
        "a name can be part of an address, and must not cut or climb it",
        looking.refusal(ask(chat("open//b"))),
        (200, None, None), (400, "error", "invalid_model_name"),
    ),
    Difference(
        "a request without messages", "422, a list below `detail`",
        "400 `missing_required_parameter`", ONE_DOOR,
        looking.refusal(ask({"model": "open"})),
        (422, "detail", None), (400, "error", "missing_required_parameter"),
    ),
    Difference(
        "the provider answers 400, 404, 409, 413, 422 or 429", "502 `upstream_error`",
        "the provider's status, code and message, without secrets", ONE_DOOR,
        looking.refusal(ask(hello())),
        (502, "error", "upstream_error"), (400, "error", "unknown_parameter"),
        behaviour=refusals.bad_request(),
    ),
    Difference(
        "the provider refuses the connection's key", "502 `upstream_error`",
        "502 `upstream_auth_error`", "the caller's key was fine, the operator's was not",
        looking.refusal(ask(hello())),
        (502, "error", "upstream_error"), (502, "error", "upstream_auth_error"),
        behaviour=refusals.unauthorized,
    ),
    Difference(
        "the provider refuses a streamed request", "200, and chunks that end in `[DONE]`",
        "the refusal, as of a plain request", ONE_DOOR,
        looking.refusal(ask(hello(stream=True))),
        (200, None, None), (400, "error", "unknown_parameter"),
        behaviour=refusals.bad_request(),
    ),
    Difference(
        "a stream that breaks", "`finish_reason` `stop` or `error`, then `[DONE]`",
        "an event with `error`, and no `[DONE]`",
        "a client must not take half an answer for a whole one",
        looking.end_of_stream(hello(stream=True)),
        ("[DONE]", ["stop"]), ("upstream_stream_broken", []),
        behaviour=faults.ends_unfinished(),
    ),
    Difference(
        "a plain answer", "`choices` alone",
        "the provider's own bytes: `id`, `model`, `usage` and all", NOTHING_LOST,
        lambda side: sorted(side.post(TEAM_KEY, hello()).json()),
        ["choices"], ["choices", "created", "id", "model", "object", "usage"],
    ),
    Difference(
        "a tool call in a stream", "lost; `finish_reason` is `stop`", "passed on", NOTHING_LOST,
        looking.tool_names(hello(stream=True)), ([], ["stop"]), (["f"], ["tool_calls"]),
        behaviour=TOOL_STREAM,
    ),
    Difference(
        "`include_usage`", "no usage in the stream", "the chunk with the usage", NOTHING_LOST,
        looking.usage_of_stream(hello(**USAGE_ASKED)), None, answers.USAGE,
    ),
    Difference(
        "fields lm-proxy does not know, such as `seed`", "dropped silently", "sent on",
        NOTHING_LOST,
        looking.sent(ask(hello(seed=7)), "seed"), (200, None), (200, 7),
    ),
    Difference(
        '`tool_choice = "auto"`', "422", "sent on", NOTHING_LOST,
        looking.sent(ask(hello(tool_choice="auto")), "tool_choice"), (422, None), (200, "auto"),
        as_written=True,
    ),
    Difference(
        "a message with `content: null`", "sent as an empty list", "sent as it is", NOTHING_LOST,
        looking.sent(ask({**hello(), "messages": [{"role": "assistant", "content": None}]}),
                     "messages"),
        (200, [{"role": "assistant", "content": []}]),
        (200, [{"role": "assistant", "content": None}]), as_written=True,
    ),
    Difference(
        "names with `instruct`, `davinci`, `-codex` or `gpt-image-`",
        "asked at `/completions` or `/images`", "asked for chat, as the client did", NOTHING_LOST,
        looking.paths([chat("open-codex"), chat("gpt-image-1")]),
        ["/v1/completions", "/v1/images/generations"], ["/v1/chat/completions"] * 2,
    ),
    Difference(
        "`{1}` in a rule's target", "these three characters",
        "what the pattern's first star stood for", "a rule can strip a prefix",
        looking.sent(ask(chat("short/x")), "model"), (200, "{1}"), (200, "x"),
    ),
    Difference(
        "a name listed after a wildcard that takes it", "`owned_by` its own rule's connection",
        "`owned_by` the connection it is led to", NEVER_GUESSED,
        looking.owner("gpt-late"), "other", "up",
    ),
    Difference(
        "`expand_wildcards`", "500", "the names that the provider lists", "a listing is complete",
        looking.status("/v1/models"), 500, 200, config="expand_wildcards",
    ),
    Difference(
        "other paths: `/v1/models/ID`, `/health` and the endpoints in the README", "404",
        "served", "every OpenAI or Anthropic client works unchanged",
        lambda side: [looking.status(path)(side) for path in ("/v1/models/gpt-4.1", "/health")],
        [404, 404], [200, 200],
    ),
    Difference(
        "`/docs`, `/redoc`, `/openapi.json`", "open to everybody", "404",
        "nothing is served that nobody asked for",
        lambda side: [looking.status(path)(side) for path in ("/docs", "/redoc", "/openapi.json")],
        [200] * 3, [404] * 3,
    ),
    Difference(
        "a key in `x-api-key` or `api-key`", "not seen", "tried as well",
        "clients of Anthropic and Azure send it there",
        looking.credential("x-api-key"), 403, 200,
    ),
    Difference(
        "`X-Forwarded-For`", "believed from anybody",
        "believed from `server.trusted_proxies` alone", "a record says who asked, not who claims",
        looking.address_in_line("192.0.2.7"), "192.0.2.7", "127.0.0.1",
    ),
    Difference(
        "the line of a request that failed, with `error` in it", "none", "one", ACCOUNTED,
        looking.errors(ask({**hello(), "messages": looking.words("It fails.")}), "It fails."),
        [], ["unknown_parameter"], behaviour=refusals.bad_request(),
    ),
    Difference(
        "the line of a request that was refused", "none", "one, with `error`", ACCOUNTED,
        looking.refused_line, 0, 1,
    ),
    Difference(
        "`connection` and `model` in the line of a Fallback's request", "the Fallback's, as asked",
        "those of the member that answered", "a record says who answered",
        lambda side: [looking.of_fallback("written", field)(side)
                      for field in ("connection", "model")],
        ["list", "list-x"], ["up", "org/first.v1"], config="own_code",
    ),
    Difference(
        "`ctx.model` in a handler of a Fallback's request", "as asked", "that of its first member",
        "a handler sees what the provider will", looking.of_fallback("handled", "model"),
        "list-x", "org/first.v1", config="own_code",
    ),
    Difference(
        "`api_key_id` without `encryption_key`", "MD5 with a salt everybody knows",
        "the head of the key's SHA-256", "no secret leaves, nor what finds it",
        looking.key_id, 32, len("key_aed1cdea486e"), config="ignore_wildcards",
    ),
    Difference(
        "`request` in a line without a transformer", "`null` for each field that was not sent",
        "as it was sent", "a record says what was asked",
        looking.fields_of_request, 32, 2, config="ignore_wildcards",
    ),
]  # fmt: skip
"""Every difference in what running servers do; `starting.AT_START` has those of config files."""
