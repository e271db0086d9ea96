"""What became of asking a provider, and who is asked next when it failed?

An attempt is noted in the request's record however it ends. The members of a Fallback are asked in
order until one answers. Any failure moves on, also a refusal of the request: what one model refuses
(too long a prompt, a parameter, a picture), another may take, and what one connection's limit does,
another's may not. A stream has answered once its first event is there, which is before anything of
it goes to the client; what breaks after that ends it, so that no text of one provider is followed
by another's. A client that leaves ends it too.
"""

import time
from collections.abc import Awaitable, Callable

from lmproxy import logs
from lmproxy.call import Observed, Reply, Target
from lmproxy.errors import ProxyError, UpstreamAuthError
from lmproxy.recording import Draft, Recorder
from lmproxy.snapshot import Chain

log = logs.get(__name__)


async def attempt(
    recorder: Recorder, draft: Draft, target: Target, lane: str, ask: Awaitable[Reply]
) -> Reply:
    """Await `ask`, which asks `target`; raises as it does."""
    noted = draft.begin_attempt(target, lane)
    try:
        return recorder.keep(await ask, draft)
    except ProxyError as error:
        noted.error_code = error.name
        if isinstance(error, UpstreamAuthError):  # Until the operator acts, every request fails.
            log.error(
                "a provider refused the proxy's own credential",
                connection=target.connection,
                id=draft.id,
            )
        raise
    finally:
        noted.seconds = time.monotonic() - noted.started_at
        noted.lane = draft.observed.lane or noted.lane


async def first_answer(
    chain: Chain, ask: Callable[[Target], Awaitable[Reply]], draft: Draft
) -> Reply:
    """The answer of the first of `chain` that gives one.

    Args:
        chain: at least one.
        ask: asks one and notes the attempt in `draft`.
        draft: what was observed of an attempt that failed is forgotten.

    Raises:
        UpstreamFault: the last one failed.
        Refused: the last one did not get it.
    """
    *others, last = chain
    for target in others:
        try:
            return await ask(target)
        except ProxyError as error:
            log.warning(
                "a member of a fallback failed, the next is asked",
                fallback=target.routed_to,
                connection=target.connection,
                error=error.name,
                id=draft.id,
            )
        draft.observed = Observed()
    return await ask(last)
