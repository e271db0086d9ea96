"""`POST /images/generations`, `/images/edits`, `/images/variations`: pictures of a text or another.

Edits and variations are uploaded as forms; some providers take edits as JSON too, with pictures by
URL. A stream shows a picture while it is made.
https://platform.openai.com/docs/api-reference/images
"""

from typing import Any

from lmproxy.call import Call, Json
from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.upstream.operations.media_wire import MediaWatch, note_ends, note_pictures, usage_of
from lmproxy.upstream.operations.operation import (
    LitellmFunction,
    Operation,
    as_chosen,
    need,
    need_file,
)
from lmproxy.upstream.wire import Wire, renamed

PICTURES = ("image", "image[]", "images")
"""What the pictures of a request may be called."""


def _wire(path: str) -> Wire:
    return Wire(path, renamed, note_pictures, note_ends, MediaWatch, family="images")


OF_GENERATION = frozenset({
    "prompt", "n", "quality", "response_format", "size", "style", "user", "background",
    "moderation", "output_format", "output_compression",
})  # fmt: skip
OF_EDIT = frozenset({
    "prompt", "n", "quality", "response_format", "size", "user", "background", "input_fidelity",
    "output_format", "output_compression",
})  # fmt: skip
DRAW = {name: (name, "") for name in ("openai", "azure", "xai", "together_ai")}
"""Not Gemini: this LiteLLM asks it to draw without ever giving the loop a turn."""
CHANGE = {"openai": ("openai", ""), "azure": ("azure", ""), "gemini": ("gemini", "/v1beta")}


def _function(name: str, parameters: frozenset[str], **more: Any) -> LitellmFunction:
    return LitellmFunction(
        name=name,
        parameters=parameters,
        required=frozenset({"prompt"}),
        arguments=as_chosen,
        answer=_answer,
        made_up=frozenset({"background", "output_format", "quality", "size"}),
        **more,
    )


def _answer(_call: Call, made: Json) -> Json:
    """LiteLLM has a count of 0 where the provider has none."""
    usage = made.get("usage") or {}
    if not usage.get("total_tokens"):
        made = {name: value for name, value in made.items() if name != "usage"}
    if not made.get("data"):
        raise UpstreamInvalidResponse("The provider's answer has no images.")
    return made


def _check_prompt(body: Json) -> None:
    need(body, "prompt", str, "a string")


def _check_picture(body: Json) -> None:
    need_file(body, *PICTURES)


GENERATION = Operation(
    name="image_generation",
    paths=("/images/generations",),
    summary="Create images",
    check=_check_prompt,
    wire=_wire("/images/generations"),
    litellm=_function("aimage_generation", OF_GENERATION, providers=DRAW),
    read_usage=usage_of,
    streams=True,
)
EDIT = Operation(
    name="image_edit",
    paths=("/images/edits",),
    summary="Change images",
    check=_check_picture,
    wire=_wire("/images/edits"),
    litellm=_function("aimage_edit", OF_EDIT, providers=CHANGE, files=("image", "mask")),
    read_usage=usage_of,
    streams=True,
    takes="either",
)
VARIATION = Operation(
    name="image_variation",
    paths=("/images/variations",),
    summary="Create variations of an image",
    check=_check_picture,
    wire=_wire("/images/variations"),
    takes="form",
)
