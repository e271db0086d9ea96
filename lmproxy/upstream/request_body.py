"""How does a client's body go on? As JSON written again, never as the bytes that came.

Two readers of the same bytes could each take another of two equal keys.
"""

import orjson

from lmproxy.call import Json
from lmproxy.errors import InvalidRequest


def dump(body: Json) -> bytes:
    """`body` as JSON.

    Raises:
        InvalidRequest: it is nested too deeply; orjson reads 1024 levels and writes 254.
    """
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        raise too_deep() from None


def too_deep() -> InvalidRequest:
    """The body is nested more deeply than can be written again."""
    return InvalidRequest("The request body is nested too deeply.", code="invalid_json")
