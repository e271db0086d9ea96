"""What does a provider's JSON say, also where strict parsers refuse it?

Some servers write `NaN`, half a surrogate pair, or numbers of more than 64 bits, which most clients
read. What is read of it here can be written again by anybody: no number is `null`, half a pair `?`.
"""

import json
import math
from typing import Any

import orjson


def read(text: bytes) -> Any:
    """The document; `None` for what is no JSON by anybody's reading."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _read_loosely(text)


def _read_loosely(text: bytes) -> Any:
    try:
        document = json.loads(text, parse_constant=_nothing, parse_float=_finite)
        written = json.dumps(document, ensure_ascii=False)
        return orjson.loads(written.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _nothing(_: str) -> None:
    """`NaN`, `Infinity` or `-Infinity`."""


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
