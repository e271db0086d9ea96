"""Which secrets does a request present? `Authorization: Bearer`, `x-api-key`, `api-key`.

The scheme is case-insensitive and followed by exactly one space (RFC 6750, 2.1); nothing is
trimmed. A key in the query string is never looked at: URLs end up in logs.
"""

from collections.abc import Mapping

BEARER = b"bearer "


def presented(headers: Mapping[bytes, bytes]) -> tuple[bytes, ...]:
    """Every secret of the request, none twice."""
    found: dict[bytes, None] = {}
    authorization = headers.get(b"authorization", b"")
    if authorization[: len(BEARER)].lower() == BEARER and len(authorization) > len(BEARER):
        found[authorization[len(BEARER) :]] = None
    for name in (b"x-api-key", b"api-key"):
        secret = headers.get(name)
        if secret:
            found[secret] = None
    return tuple(found)
