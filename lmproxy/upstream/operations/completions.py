"""`POST /completions`: a text goes on. OpenAI's first API, which local servers still speak.

Where a provider does not, its chat is asked with the prompt as the only message, and `TextForm`
makes a completion of the answer. One prompt at a time then, as a text: token numbers are another
model's. `echo` is done here; `suffix` and `best_of` cannot be, and are named as left out.
https://platform.openai.com/docs/api-reference/completions
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import orjson

from lmproxy.call import Call, Json, Observed, Pieces, Reply
from lmproxy.errors import InvalidRequest, UnsupportedFields, UpstreamInvalidResponse
from lmproxy.upstream.answers import json_object, read_whole
from lmproxy.upstream.chat.form import DONE, as_event
from lmproxy.upstream.chat.wire import CHAT
from lmproxy.upstream.events import json_of, split_events
from lmproxy.upstream.operations.operation import Operation, need

LEFT_OUT = ("suffix", "best_of")
HANDLED = {"prompt", "echo", "logprobs", *LEFT_OUT}
FRAME = ("created", "system_fingerprint", "service_tier")
"""Fields that a chat answer and a completion have in common, besides those made here."""


def _check(body: Json) -> None:
    need(body, "prompt", (str, list), "a string, or a list of strings or of token numbers")


COMPLETIONS = Operation(
    name="completions",
    paths=("/completions",),
    summary="Complete a text",
    check=_check,
    wire=replace(CHAT, path="/completions"),
    streams=True,
)


async def ask_for_chat(
    call: Call, observed: Observed, ask: Callable[[Call], Awaitable[Reply]], *, strict: bool
) -> Reply:
    """The answer to a request for a completion, had by asking `ask` for chat.

    Args:
        call: for a completion.
        observed: what did not go on is added to it.
        ask: sends a chat request on the connection's lane.
        strict: refuse what cannot go on.

    Raises:
        UpstreamFault: no answer came of it.
        Refused: nothing was sent.
    """
    prompt = _prompt(call.body)
    dropped = tuple(name for name in LEFT_OUT if _says(call.body, name))
    if dropped and strict:
        raise UnsupportedFields(dropped)
    reply = await ask(replace(call, operation="chat", body=_chat_body(call.body, prompt)))
    observed.dropped_params = (*dropped, *observed.dropped_params)
    form = TextForm(call.model, prompt if call.body.get("echo") else "")
    if call.stream and not isinstance(reply.body, bytes):
        return replace(reply, body=TextStream(reply.body, form))
    body = form.whole(await read_whole(reply.body))
    return replace(reply, body=body, content_type=b"application/json")


def _prompt(body: Json) -> str:
    """The one text.

    Raises:
        InvalidRequest: it is another thing.
    """
    prompt = body["prompt"]
    if isinstance(prompt, list) and len(prompt) == 1:
        (prompt,) = prompt
    if isinstance(prompt, str):
        return prompt
    raise InvalidRequest(
        "This model's provider only chats: it takes one prompt at a time, as a text.",
        code="unsupported_content",
        param="prompt",
    )


def _says(body: Json, name: str) -> bool:
    """Whether a field asks for anything: one answer is the best of one."""
    value = body.get(name)
    return bool(value) and (name != "best_of" or value != (body.get("n") or 1))


def _chat_body(body: Json, prompt: str) -> Json:
    chat = {name: value for name, value in body.items() if name not in HANDLED}
    chat["messages"] = [{"role": "user", "content": prompt}]
    logprobs = body.get("logprobs")
    if logprobs is not None:
        chat |= {"logprobs": True, **({"top_logprobs": logprobs} if logprobs else {})}
    return chat


class TextForm:
    """Makes a completion of one chat answer, whole or in chunks."""

    def __init__(self, model: str, echo: str) -> None:
        """`model` is the name that stands in it, `echo` what stands before each of its texts."""
        self._frame = {"id": f"cmpl-{secrets.token_hex(12)}", "object": "text_completion"}
        self._model = model
        self._echo = echo
        self._lengths: dict[int, int] = {}

    def whole(self, answer: bytes) -> bytes:
        """A plain answer.

        Raises:
            UpstreamInvalidResponse: it is no JSON object.
        """
        parsed = json_object(answer)
        if parsed is None:
            raise UpstreamInvalidResponse("The provider's answer is not a JSON object.")
        return orjson.dumps(self._document(parsed, "message"))

    def event(self, chunk: Json) -> bytes:
        """The event of a chunk; `b""` if it says nothing."""
        document = self._document(chunk, "delta")
        said = [c for c in document["choices"] if c["text"] or c["finish_reason"] or c["logprobs"]]
        if not said and not document.get("usage"):
            return b""
        return as_event({**document, "choices": said})

    def _document(self, answer: Json, part: str) -> Json:
        known = {name: answer[name] for name in (*FRAME, "usage") if answer.get(name) is not None}
        try:
            made = [self._choice(choice, part) for choice in answer.get("choices") or ()]
        except (AttributeError, KeyError, TypeError):
            raise UpstreamInvalidResponse("The provider's answer cannot be read.") from None
        return {**self._frame, "created": 0, "model": self._model, **known, "choices": made}

    def _choice(self, choice: Json, part: str) -> Json:
        index, said = choice.get("index") or 0, choice.get(part) or {}
        before = "" if index in self._lengths else self._echo
        start = self._lengths.get(index, 0) + len(before)
        text = said.get("content") or ""
        if text or part == "message":
            self._lengths[index] = start + len(text)
        else:
            before = ""
        return {
            "index": index,
            "text": before + text,
            "logprobs": _logprobs(choice.get("logprobs"), start),
            "finish_reason": choice.get("finish_reason"),
        }


def _logprobs(chats: Any, start: int) -> Json | None:
    """Chat's log probabilities as a completion has them; `start` is where its text begins."""
    tokens = chats.get("content") if isinstance(chats, dict) else None
    if not tokens:
        return None
    offsets = []
    for token in tokens:
        offsets.append(start)
        start += len(token["token"])
    return {
        "tokens": [token["token"] for token in tokens],
        "token_logprobs": [token["logprob"] for token in tokens],
        "top_logprobs": [
            {top["token"]: top["logprob"] for top in token.get("top_logprobs") or ()}
            for token in tokens
        ],
        "text_offset": offsets,
    }


class TextStream:
    """The events of a streamed answer. Takes over the blocks of chat's."""

    def __init__(self, blocks: Pieces, form: TextForm) -> None:
        self._blocks = blocks
        self._form = form

    def __aiter__(self) -> "TextStream":
        return self

    async def __anext__(self) -> bytes:
        while True:
            block = await anext(self._blocks)
            events = b"".join(map(self._event, split_events(block)))
            if events:
                return events

    def _event(self, event: bytes) -> bytes:
        chunk = json_of(event)
        if isinstance(chunk, dict):
            return self._form.event(chunk)
        return DONE if b"[DONE]" in event else b""

    async def aclose(self) -> None:
        """Stop the provider if it is still answering. May be called twice."""
        await self._blocks.aclose()
