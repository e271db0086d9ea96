"""OpenAI's chat on the wire, where the provider speaks it."""

from lmproxy.call import Call, Json
from lmproxy.config.values import StreamUsage
from lmproxy.upstream import answers
from lmproxy.upstream.watch import StreamWatch
from lmproxy.upstream.wire import Wire


def _body(call: Call, model: str, stream_usage: StreamUsage) -> tuple[Json, bool]:
    body = {**call.body, "model": model}
    if not call.stream or stream_usage != "ask":
        return body, False
    options = body.get("stream_options") or {}
    if not isinstance(options, dict) or options.get("include_usage"):
        return body, False  # What is wrong with it, the provider says.
    body["stream_options"] = {**options, "include_usage": True}
    return body, True


CHAT = Wire(
    path="/chat/completions",
    body=_body,
    note_whole=answers.note_whole,
    note_ends=answers.note_ends,
    watch=StreamWatch,
)
