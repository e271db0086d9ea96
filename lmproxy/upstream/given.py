"""What did somebody's function give? A text, or an answer or chunk as OpenAI's API has it.

Taken as well: texts that know more of themselves, as microcore's `LLMResponse` with its `usage` and
`choices`, and the objects of SDKs, which can be made tables of.
"""

from typing import Any

import orjson

from lmproxy.call import Json
from lmproxy.errors import UpstreamInvalidResponse

Item = str | Json


def as_item(given: Any) -> Item:
    """What a function gave, as a text or a table.

    Raises:
        UpstreamInvalidResponse: it is no answer.
    """
    if type(given) is str or isinstance(given, dict):
        return given
    if hasattr(given, "model_dump"):
        return _table(given)
    text = given if isinstance(given, str) else getattr(given, "content", None)
    if not isinstance(text, str):
        raise UpstreamInvalidResponse("The function gave neither a text nor an answer.")
    usage, choices = _plain(getattr(given, "usage", None)), _plain(getattr(given, "choices", None))
    more = {"usage": usage} if isinstance(usage, dict) else {}
    if _are_whole(choices):
        return {"choices": choices, **more}
    message = {"role": "assistant", "content": str(text)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"choices": [choice], **more} if more else str(text)


def without_text(item: Item) -> Json:
    """What an answer says beside its text, for one whose text is out already."""
    if isinstance(item, str):
        return {}
    rest = {"usage": item["usage"]} if item.get("usage") else {}
    choices = item.get("choices")
    if not isinstance(choices, list):
        return rest
    return {**rest, "choices": [_without_text(choice) for choice in choices]}


def _without_text(choice: Json) -> Json:
    message = choice.get("message") or choice.get("delta") or {}
    said = {name: value for name, value in message.items() if name in ("tool_calls", "refusal")}
    kept: Json = {name: choice[name] for name in ("index", "finish_reason") if name in choice}
    return {**kept, "message": said}


def _are_whole(choices: Any) -> bool:
    """Whether they are those of a whole chat answer."""
    return (
        isinstance(choices, list)
        and bool(choices)
        and all(isinstance(c, dict) and isinstance(c.get("message"), dict) for c in choices)
    )


def _table(thing: Any) -> Json:
    found = _plain(thing)
    if not isinstance(found, dict):
        raise UpstreamInvalidResponse("The function gave neither a text nor an answer.")
    return {name: value for name, value in found.items() if value is not None}


def _plain(thing: Any) -> Any:
    """Tables, lists and texts of what may be objects; `None` for what cannot be."""
    try:
        return orjson.loads(orjson.dumps(thing, default=_fields))
    except orjson.JSONEncodeError:
        return None


def _fields(thing: Any) -> Any:
    if hasattr(thing, "model_dump"):
        return thing.model_dump(mode="json")
    return vars(thing)
