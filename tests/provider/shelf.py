"""A provider that keeps responses, as OpenAI does: made, read, continued, cancelled, deleted.

https://platform.openai.com/docs/api-reference/responses
"""

import itertools
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.provider import answers, responses
from tests.provider.exchange import Exchange

Document = dict[str, Any]


class Shelf:
    """A behaviour for every request. `name` is part of each id."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._numbers = itertools.count(1)
        self._kept: dict[str, Document] = {}

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        request = exchange.request
        if request.path.endswith("/chat/completions"):
            await exchange.send_json(200, answers.chat_answer())
            return
        _, _, _, *rest = urlsplit(request.path).path.split("/")
        if request.method == "POST" and not rest:
            await self._create(exchange, request.json or {})
        elif rest[0] not in self._kept:
            words = f"Response with id '{rest[0]}' not found."
            await exchange.send_json(404, answers.error_answer(words, "invalid_request_error"))
        else:
            await self._ask(exchange, rest[0], "".join(rest[1:]))

    def finish(self, response: str, **extra: Any) -> None:
        """Have a response that is made in the background done."""
        done = responses.response("Done at last", response, background=True, **extra)
        self._kept[response] = done

    async def _create(self, exchange: Exchange, body: Document) -> None:
        response = f"resp_{self._name}{next(self._numbers)}"
        if body.get("previous_response_id", "") not in {"", *self._kept}:
            await exchange.send_json(400, answers.error_answer("Not here", "invalid_request_error"))
            return
        made = responses.response("Hello there", response)
        if body.get("background"):
            made = responses.response(None, response, status="queued", background=True)
        if body.get("store") is not False:
            self._kept[response] = made
        if not body.get("stream"):
            await exchange.send_json(200, made)
            return
        await exchange.start_stream()
        await exchange.send_chunk(responses.stream(response_id=response))
        await exchange.end_stream(done=False)

    async def _ask(self, exchange: Exchange, response: str, part: str) -> None:
        kept, request = self._kept[response], exchange.request
        query = parse_qs(urlsplit(request.path).query)
        if request.method == "DELETE":
            del self._kept[response]
            deleted = {"id": response, "object": "response", "deleted": True}
            await exchange.send_json(200, deleted)
        elif part == "input_items":
            item = {"id": "msg_0", "type": "message", "role": "user", "content": []}
            items = {"object": "list", "data": [item], "first_id": "msg_0", "last_id": "msg_0"}
            await exchange.send_json(200, {**items, "has_more": False})
        elif query.get("stream") == ["true"]:
            after = int(query.get("starting_after", ["-1"])[0])
            await exchange.start_stream()
            events = responses.events(response_id=response)
            await exchange.send_chunk(b"".join(events[after + 1 :]))
            await exchange.end_stream(done=False)
        else:
            if part == "cancel":
                kept["status"] = "cancelled"
            await exchange.send_json(200, kept)
