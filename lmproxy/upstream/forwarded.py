"""What of the client's headers goes on beneath those that are set here?"""

from collections.abc import Iterable, Mapping

from lmproxy.call import Call


def beneath(call: Call, headers: Mapping[str, str], *set_too: Iterable[str]) -> dict[str, str]:
    """`headers`, and of what the operator lets go on all that has none of their names.

    Args:
        call: has what goes on, with lower-case names.
        headers: of the request, names in any case.
        set_too: lower-case names of headers that are set elsewhere.
    """
    names = {name.lower() for name in headers}.union(*set_too)
    return {**{name: value for name, value in call.forwarded if name not in names}, **headers}
