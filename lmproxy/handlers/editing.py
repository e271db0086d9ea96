"""What did handlers make of a request? Its fields as they left them in `llm_params`.

What has decided something already is not theirs to change: whether the answer is streamed, whose
response it goes on from. Nor is a form, which goes on part for part. What is none of the fields,
headers for the provider say, is in `sdk_arguments`.
"""

from dataclasses import replace
from typing import Any

import orjson

from lmproxy.call import Call, Json
from lmproxy.handlers.calling import failed
from lmproxy.handlers.routed import Routed
from lmproxy.handlers.sdk_arguments import ARGUMENTS, Unsendable, fields_of, headers_of
from lmproxy.request_context import RequestContext

DECIDED = {"stream", "previous_response_id", "conversation"}


def edited(routed: Routed, context: RequestContext) -> tuple[Call, str]:
    """The call with the fields that handlers left, and the model they left, by the provider's name.

    Without a change it is the call that it was.

    Raises:
        Unavailable: what they left is no request.
    """
    before: Json = routed.params()
    after: Json = context.llm_params
    if before == after:
        return routed.call, routed.target.model
    if not isinstance(after, dict):
        raise failed(routed.id, "what a handler left in llm_params is no table of fields")
    try:
        headers, after = headers_of(after), fields_of(before, after)
    except Unsendable as error:
        raise failed(routed.id, str(error)) from None
    model = after.get("model")
    changed = _changed(before, after)
    call = _with_headers(routed.call, headers)
    if changed:
        body = _body(routed, before, after, changed)
        call = replace(call, body=body, ours=call.ours | changed)
    if model is None:
        model = routed.target.model
    if not isinstance(model, str):
        raise failed(routed.id, "a handler left a model that is no text")
    return call, model


def _with_headers(call: Call, headers: tuple[tuple[str, str], ...]) -> Call:
    """The call with these, in the place of the client's of the same names."""
    if not headers:
        return call
    return replace(call, forwarded=tuple({**dict(call.forwarded), **dict(headers)}.items()))


def _changed(before: Json, after: Json) -> set[str]:
    """The names of fields that are others, but for the model's."""
    names = before.keys() | after.keys()
    changed = {name for name in names if name not in before or name not in after} | {
        name for name in before.keys() & after.keys() if before[name] != after[name]
    }
    changed.discard("model")
    return changed


def _body(routed: Routed, before: Json, after: Json, changed: set[str]) -> Json:
    """The new body."""
    shown = ", ".join(sorted(map(str, changed))[:10])
    if changed & DECIDED:
        raise failed(routed.id, "a handler changed what is decided already", fields=shown)
    if routed.call.form is not None:
        raise failed(routed.id, "a handler changed a form, whose model alone it may", fields=shown)
    fresh = _fresh(routed, {name: after[name] for name in changed & after.keys()}, shown)
    if isinstance(before.get("messages"), list) and not isinstance(
        {**after, **fresh}.get("messages"), list
    ):
        raise failed(routed.id, "a handler left messages that are no list")
    given = routed.call.body
    own = {name: given[name] for name in ("model", *ARGUMENTS) if name in given}
    return {**{n: v for n, v in after.items() if n != "model"}, **fresh, **own}


def _fresh(routed: Routed, values: Json, shown: str) -> Any:
    """New values as JSON has them: what a handler keeps of them changes nothing any more."""
    try:
        return orjson.loads(orjson.dumps(values))
    except (orjson.JSONEncodeError, orjson.JSONDecodeError):
        reason = "a handler left what cannot be written as JSON"
        raise failed(routed.id, reason, fields=shown) from None
