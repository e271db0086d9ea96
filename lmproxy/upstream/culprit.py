"""Which parameter is it of which LiteLLM can make no request? Found by leaving each out once."""

from collections.abc import Callable
from dataclasses import replace

from lmproxy.upstream.arguments import Arguments
from lmproxy.upstream.request_body import dump

MOST_TRIED_BYTES = 64 * 1024
"""Larger parameters are not tried one by one: that would stop the loop for as long as it takes."""


def culprit(arguments: Arguments, can_make: Callable[[Arguments], bool]) -> str | None:
    """Its name; `None`: it is something else, or too large to find out.

    Args:
        arguments: of the request, with messages that are not to blame.
        can_make: whether LiteLLM can make a request of some; it leaves them as they are.
    """
    if len(dump(arguments.known)) > MOST_TRIED_BYTES or can_make(arguments):
        return None
    for name in arguments.known:
        rest = {other: value for other, value in arguments.known.items() if other != name}
        if can_make(replace(arguments, known=rest)):
            return name
    return None
