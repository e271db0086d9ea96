"""What becomes of a request that the operator's handlers were shown? It goes on as they left it.

A model that they chose is asked of the same connection, or of each member of the same Fallback, and
has to be one that the caller may use there: a handler's mistake opens nothing.
"""

from dataclasses import replace

from lmproxy.call import Call, Json
from lmproxy.errors import InvalidKey, Refused
from lmproxy.handlers import Routed, failed
from lmproxy.recording import Draft
from lmproxy.routing import is_model_name
from lmproxy.snapshot import Chain, Snapshot
from lmproxy.upstream.operations.table import OPERATIONS


async def handle(snapshot: Snapshot, draft: Draft, call: Call, chain: Chain) -> tuple[Call, Chain]:
    """Run the handlers of `snapshot` on `call`, which is permitted to go to `chain`.

    Raises:
        Refused: one of them says no or failed, or the caller may not use the model it chose.
    """
    if snapshot.before is None or draft.caller is None:
        raise InvalidKey
    extra: Json = {}
    if snapshot.before.calls_others:
        draft.sent, draft.extra = call.body, extra
    routed = Routed(draft.id, draft.time, draft.arrival, draft.caller, call, chain[0])
    call, model = await snapshot.before.run(routed, extra)
    if call is not routed.call:
        _check(call, draft.id)
        draft.call = call
    if model == chain[0].model:
        return call, chain
    if not is_model_name(model):
        raise failed(draft.id, "a handler left a model whose name cannot be one")
    there = [replace(target, model=model) for target in chain]
    return call, snapshot.choose(draft.caller, model, there)


def _check(call: Call, request_id: str) -> None:
    """What was checked of the client's body holds of the one that handlers left.

    Raises:
        Unavailable: it does not.
    """
    operation = OPERATIONS.get(call.operation)
    try:
        if operation is not None:
            operation.check(call.body)
    except Refused as error:
        reason = "what a handler left is no request"
        raise failed(request_id, reason, says=error.message) from None
