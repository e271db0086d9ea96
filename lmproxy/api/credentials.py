"""Which secrets does a request present? `Authorization: Bearer`, `x-api-key`, `api-key`.

The scheme is case-insensitive and followed by exactly one space (RFC 6750, 2.1); nothing is
trimmed. A key in the query string is never looked at: URLs end up in logs.
"""

from collections.abc import Iterator, Mapping

BEARER = b"bearer "


def presented(headers: Mapping[bytes, bytes]) -> tuple[bytes, ...]:
    """Every secret of the request, none twice."""
    return tuple(dict.fromkeys(_each(headers)))


def _each(headers: Mapping[bytes, bytes]) -> Iterator[bytes]:
    authorization = headers.get(b"authorization", b"")
    if authorization[: len(BEARER)].lower() == BEARER and len(authorization) > len(BEARER):
        yield authorization[len(BEARER) :]
    for name in (b"x-api-key", b"api-key"):
        secret = headers.get(name)
        if secret:
            yield secret
