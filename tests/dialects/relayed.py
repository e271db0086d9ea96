"""How does OpenAI answer a request for a response? The corpus's chat answers, in its other form."""

import itertools
import json
from collections.abc import Iterator

from tests.dialects.asked import BREAKS
from tests.dialects.heard import Json
from tests.oracle.corpus import find_answer
from tests.provider.responses import event, nested_error, response

PIECE = 7
"""Characters of each piece of a text."""
BEGUN = 6
"""Events of a stream that breaks off: two pieces of its text are the last."""


def relayed_answer(provider: str, case: str, *, is_streamed: bool) -> tuple[str, bytes]:
    """Content type and bytes. Raises LookupError for a case that nobody wrote."""
    whole = _whole(provider, "plain" if case in BREAKS else case)
    if not is_streamed:
        return "application/json", json.dumps(whole).encode()
    events = list(_events(whole))
    if case in BREAKS:
        events = events[:BEGUN]
    if case == "overloaded":
        events.append(nested_error("The server is overloaded.", "overloaded", BEGUN))
    return "text/event-stream", b"".join(events)


def _whole(provider: str, case: str) -> Json:
    chat = json.loads(find_answer(provider, case, is_streamed=False)[1])
    choice, usage = chat["choices"][0], chat["usage"]
    is_cut = choice["finish_reason"] == "length"
    status = "incomplete" if is_cut else "completed"
    answer = response(
        "",
        f"resp_{case}",
        status=status,
        incomplete_details={"reason": "max_output_tokens"} if is_cut else None,
        model=chat["model"],
        output=[{**item, "status": status} for item in _items(choice["message"], usage)],
        usage={
            "input_tokens": usage["prompt_tokens"],
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": usage["completion_tokens"],
            "output_tokens_details": {"reasoning_tokens": _thought_tokens(usage)},
            "total_tokens": usage["total_tokens"],
        },
    )
    del answer["user"]  # Its own document has no `null` there.
    return answer


def _thought_tokens(usage: Json) -> int:
    count: int = usage["completion_tokens_details"]["reasoning_tokens"]
    return count


def _items(message: Json, usage: Json) -> Iterator[Json]:
    if _thought_tokens(usage):  # Of its thoughts it shows that there were some.
        yield {"id": "rs_1", "type": "reasoning", "summary": []}
    if text := message["content"]:
        yield {"id": "msg_1", "type": "message", "role": "assistant", "content": [_part(text)]}
    for call in message.get("tool_calls", ()):
        yield {
            "id": f"fc_{call['id']}",
            "type": "function_call",
            "call_id": call["id"],
            **call["function"],
        }


def _part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _events(whole: Json) -> Iterator[bytes]:
    number = itertools.count()
    begun = {**whole, "status": "in_progress", "incomplete_details": None, "output": []}
    del begun["usage"]
    for kind in ("response.created", "response.in_progress"):
        yield event(kind, next(number), response=begun)
    for index, item in enumerate(whole["output"]):
        place = {"output_index": index}
        empty: Json = {"message": {"content": []}, "function_call": {"arguments": ""}}
        opened = {**item, **empty.get(item["type"], {}), "status": "in_progress"}
        yield event("response.output_item.added", next(number), **place, item=opened)
        yield from _said(number, item, {**place, "item_id": item["id"]})
        yield event("response.output_item.done", next(number), **place, item=item)
    yield event(f"response.{whole['status']}", next(number), response=whole)


def _said(number: Iterator[int], item: Json, place: Json) -> Iterator[bytes]:
    """What an item says, piece by piece."""
    if item["type"] == "function_call":
        kind, arguments = "response.function_call_arguments", item["arguments"]
        for piece in _pieces(arguments):
            yield event(f"{kind}.delta", next(number), **place, delta=piece)
        done = {"name": item["name"], "arguments": arguments}
        yield event(f"{kind}.done", next(number), **place, **done)
    for index, part in enumerate(item.get("content", ())):
        at, kind = {**place, "content_index": index}, "response.output_text"
        yield event("response.content_part.added", next(number), **at, part=_part(""))
        for piece in _pieces(part["text"]):
            yield event(f"{kind}.delta", next(number), **at, delta=piece, logprobs=[])
        yield event(f"{kind}.done", next(number), **at, text=part["text"], logprobs=[])
        yield event("response.content_part.done", next(number), **at, part=part)


def _pieces(text: str) -> Iterator[str]:
    return (text[at : at + PIECE] for at in range(0, len(text), PIECE))
