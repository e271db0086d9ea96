"""What of a form does LiteLLM get, and what of its sound and texts does the client?

Files come from the spool and from nowhere else: LiteLLM would open a text in their place as a path
on this machine, or fetch it. A form has texts only, so numbers in it are made numbers again.
"""

import math
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

from lmproxy.call import Call, Json
from lmproxy.errors import InvalidRequest
from lmproxy.form import Form, Part

BRACKETS = "[]"
"""Behind the name of a field of which there may be several, as some clients write it."""
NUMBERS: dict[str, Callable[[str], float]] = {
    "n": int, "temperature": float, "output_compression": int, "speed": float,
}  # fmt: skip
LISTS = ("timestamp_granularities",)

File = tuple[str, bytes, str] | BytesIO
"""A sound with its name and media type; LiteLLM tells a picture's by its data."""


def fields(call: Call) -> Json:
    """The fields of a request by their plain names; those of a form as they would be in JSON.

    Raises:
        InvalidRequest: one that is a number is none.
    """
    if call.form is None:
        return call.body
    return dict(_plain(call.body))


def _plain(body: Json) -> Iterator[tuple[str, Any]]:
    for given, value in body.items():
        name = given.removesuffix(BRACKETS)
        if name in NUMBERS and isinstance(value, str):
            value = _number(name, value)
        if name in LISTS and not isinstance(value, list):
            value = [value]
        yield name, value


def _number(name: str, text: str) -> float:
    try:
        number = NUMBERS[name](text)
        if not math.isfinite(number):  # JSON has none either.
            raise ValueError
        return number
    except ValueError:
        raise InvalidRequest(
            f"'{name}' must be a number.", code="invalid_type", param=name
        ) from None


async def files(call: Call, names: tuple[str, ...]) -> Json:
    """The files of a form under these names, whole; several of one name as a list.

    Raises:
        InvalidRequest: there is none of the first name.
    """
    if call.form is None:
        raise InvalidRequest(
            f"Send '{names[0]}' as a file, in a multipart/form-data request.",
            code="unsupported_content",
            param=names[0],
        )
    found: dict[str, list[File]] = {}
    for part in call.form.parts:
        name = part.name.removesuffix(BRACKETS)
        if name in names and part.filename is not None:
            found.setdefault(name, []).append(await _file(call.form, part))
    if names[0] not in found:
        raise InvalidRequest(f"'{names[0]}' must be a file.", code="invalid_type", param=names[0])
    return {name: given[0] if len(given) == 1 else given for name, given in found.items()}


async def _file(form: Form, part: Part) -> File:
    data = bytearray()
    while len(data) < part.size:
        piece = await form.spool.read(part.start + len(data), part.size - len(data))
        if not piece:
            raise OSError("the data of an upload is gone")
        data += piece
    if part.name == "file":
        kind = part.content_type or "application/octet-stream"
        return part.filename or part.name, bytes(data), kind
    picture = BytesIO(data)
    picture.name = part.filename or part.name
    return picture
