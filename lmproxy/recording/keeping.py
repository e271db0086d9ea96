"""Does a provider keep the response that this request made, and does a record have its tokens?

A response made in the background is counted by whoever reads it first when it is done: the request
that asked for it was answered before, and an estimate of that answer would be of nothing.
"""

from dataclasses import replace

from lmproxy.call import Usage
from lmproxy.recording.draft import Draft
from lmproxy.recording.makers import Maker, Makers
from lmproxy.recording.outcomes import uses_tokens


def note_kept(draft: Draft, makers: Makers) -> None:
    """Remember who made a response, as soon as its id is known and again at the end.

    Tokens that another record has are left out of this one.
    """
    response, caller = draft.observed.response_id, draft.caller
    if response is None or caller is None:
        return
    if draft.maker is not None:
        _settle(draft, draft.maker, makers.known(caller.group, response) or draft.maker)
    else:
        _begin(draft)
    if draft.maker is not None:
        makers.remember(caller.group, response, draft.maker)


def _begin(draft: Draft) -> None:
    call = draft.call
    if call is None or draft.asked is None or call.body.get("store") is False:
        return
    is_counted = uses_tokens(call) or draft.observed.usage.source == "provider"
    last = draft.attempts[-1]
    draft.maker = Maker(last.connection, draft.asked, last.model, is_counted)


def _settle(draft: Draft, before: Maker, now: Maker) -> None:
    is_first = draft.call is not None and before.is_counted
    if now.is_counted and not is_first:
        draft.observed.usage = Usage()
    draft.maker = replace(
        now, is_counted=now.is_counted or draft.observed.usage.source == "provider"
    )
