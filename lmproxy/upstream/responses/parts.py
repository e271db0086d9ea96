"""What is a Response made of? Its items and their parts, each as the API has it.

https://platform.openai.com/docs/api-reference/responses/object
"""

import base64
import binascii
import secrets
from typing import Any

import orjson

from lmproxy.call import Json
from lmproxy.upstream.responses.tools import INPUT, Toolbox

SEAL = "oai-proxy.1."
"""Begins what we put into `encrypted_content`: signed thoughts, to be sent back as they are."""
THOUGHT = {"thinking": ("thinking", "signature"), "redacted_thinking": ("data",)}
"""What may be in a thought that is sent back: clients could change what they keep."""


def text_part(text: str, logprobs: list[Json]) -> Json:
    """A part of a message: what the model said."""
    return {"type": "output_text", "annotations": [], "logprobs": logprobs, "text": text}


def refusal_part(refusal: str) -> Json:
    """A part of a message: that the model will not."""
    return {"type": "refusal", "refusal": refusal}


def message_item(identifier: str, parts: list[Json], status: str = "completed") -> Json:
    """What the model said."""
    return {
        "id": identifier,
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": parts,
    }


def reasoning_item(identifier: str, text: str, block: Json | None) -> Json:
    """What the model thought. `block` is the signed or hidden thought, if it is one."""
    return {
        "id": identifier,
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": text}] if text else [],
        "encrypted_content": sealed(block) if block and is_sealed(block) else None,
        "status": "completed",
    }


def call_item(
    identifier: str | None, call_id: Any, name: str, arguments: str, tools: Toolbox
) -> Json:
    """A call of a tool, under the name and in the form that the client knows."""
    tool = tools.tool(name)
    space = {"namespace": tool.namespace} if tool.namespace else {}
    call_id = call_id if isinstance(call_id, str) and call_id else f"call_{secrets.token_hex(12)}"
    if tool.is_custom:
        kind = {"id": identifier or new_id("ctc"), "type": "custom_tool_call"}
        said: Json = {"input": custom_input(arguments)}
    else:
        kind = {"id": identifier or new_id("fc"), "type": "function_call"}
        said = {"arguments": arguments or "{}"}
    return {**kind, "status": "completed", "call_id": call_id, "name": tool.name, **space, **said}


def image_item(identifier: str, data: str | None) -> Json:
    """A picture that the model made, in base64."""
    kind, status = "image_generation_call", "completed" if data else "in_progress"
    return {"id": identifier, "type": kind, "status": status, "result": data}


def custom_input(arguments: str) -> str:
    """A custom tool's input; all that the model said, if that is not what it was asked for."""
    try:
        parsed = orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        return arguments
    given = parsed.get(INPUT) if isinstance(parsed, dict) else None
    return given if isinstance(given, str) else ("" if parsed == {} else arguments)


def is_sealed(block: Json) -> bool:
    """Whether a thought has to be sent back as it is: it is signed, or hidden."""
    return bool(block.get("signature") or block.get("data"))


def sealed(block: Json) -> str:
    """A signed or hidden thought as `encrypted_content`."""
    return SEAL + base64.urlsafe_b64encode(orjson.dumps(block)).decode()


def unsealed(content: Any) -> list[Json]:
    """The thoughts that `sealed` made it of; none if it is another's."""
    if not isinstance(content, str) or not content.startswith(SEAL):
        return []
    try:
        block = orjson.loads(base64.urlsafe_b64decode(content.removeprefix(SEAL)))
    except (binascii.Error, ValueError):
        return []
    if not isinstance(block, dict) or not is_sealed(block):
        return []
    kind = "redacted_thinking" if block.get("data") else "thinking"
    return [{"type": kind, **{name: block[name] for name in THOUGHT[kind] if name in block}}]


def new_id(kind: str) -> str:
    """An id that says what it is of."""
    return f"{kind}_{secrets.token_hex(24)}"
