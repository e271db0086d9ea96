"""How is a model asked over HTTP? `POST /v1/chat/completions` in OpenAI's form, on 127.0.0.1.

One request is answered at a time; the others wait for it, each on its connection.
"""

import hmac
import json
import select
import socket
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from lmproxy.child.wishes import Unfit, Wishes, wishes_of

PATH = "/v1/chat/completions"


class End(Protocol):
    """How a choice ended."""

    @property
    def tokens(self) -> int:
        """How many were generated."""

    @property
    def reason(self) -> str:
        """OpenAI's finish reason."""


class Model(Protocol):
    """Who answers; see `transformers_model.Model`."""

    def prompt(self, wishes: Wishes) -> list[int]:
        """The tokens of a request."""

    def begin(self, wishes: Wishes) -> None:
        """Before the first choice of a request."""

    def answer(
        self,
        prompt: list[int],
        wishes: Wishes,
        say: Callable[[str], None],
        gone: Callable[[], bool],
    ) -> End:
        """Generate one choice, until nobody waits for it."""


def serve(model: Model, api_key: str) -> tuple[int, ThreadingHTTPServer]:
    """Answer requests in threads of their own; returns the port and the server at once."""

    class Answering(ChatHandler):
        """The handler of this model."""

    Answering.model, Answering.authorization = model, f"Bearer {api_key}"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1]), server


class ChatHandler(BaseHTTPRequestHandler):
    """One connection, and the requests on it one after the other."""

    protocol_version = "HTTP/1.1"
    model: Model
    authorization: str
    turn = threading.Lock()
    """Held by the request that is being answered."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the library's name
        """Nothing: the proxy keeps the records."""

    def do_POST(self) -> None:
        """Answer a request."""
        given = self.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), self.authorization.encode()):
            self.close_connection = True  # Whoever it is, nothing more of it is read.
            self._refuse(401, "A wrong key.")
            return
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path != PATH:
            self._refuse(404, "There is no such path.")
        else:
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        answer = Answer(self)
        try:
            wishes = wishes_of(json.loads(body))
            with self.turn:
                if not self.is_gone():
                    answer.make(self.model, wishes)
        except Unfit as unfit:
            self._refuse(400, str(unfit), param=unfit.param, code=unfit.code)
        except OSError:
            self.close_connection = True  # Nobody is there any more.
        except Exception:  # noqa: BLE001 - whatever a model raises, the next request is answered.
            traceback.print_exc()
            words = "The model failed."
            if answer.has_begun:
                answer.fail({"message": words, "type": "server_error", "code": "model_failed"})
            else:
                self._refuse(500, words)

    def is_gone(self) -> bool:
        """Whether the client has closed the connection."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        try:
            return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True

    def _refuse(self, status: int, message: str, **more: str) -> None:
        kind = "invalid_request_error" if status < 500 else "server_error"
        self.send_json(status, {"error": {"message": message, "type": kind, **more}})

    def send_json(self, status: int, document: Any) -> None:
        """Send a plain answer."""
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def begin_stream(self) -> None:
        """Send the head of a streamed answer."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def send_event(self, data: str) -> None:
        """Send a server-sent event."""
        event = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))

    def end_stream(self) -> None:
        """Send the end of a streamed answer."""
        self.wfile.write(b"0\r\n\r\n")


class Answer:
    """One answer, plain or streamed.

    Attributes:
        has_begun: whether something of a stream was sent.
    """

    def __init__(self, handler: ChatHandler) -> None:
        self.has_begun = False
        self._handler = handler
        self._id = f"chatcmpl-{uuid.uuid4().hex[:24]}"
        self._created = int(time.time())

    def make(self, model: Model, wishes: Wishes) -> None:
        """Have it made and send it.

        Raises:
            Unfit: the request cannot be answered.
        """
        self._wishes = wishes
        prompt = model.prompt(wishes)
        model.begin(wishes)
        made = [self._choice(model, prompt, index) for index in range(wishes.n)]
        tokens = sum(end.tokens for _, end in made)
        usage = {"prompt_tokens": len(prompt), "completion_tokens": tokens}
        usage["total_tokens"] = len(prompt) + tokens
        if wishes.stream:
            self._end(usage)
        else:
            choices = [_whole(index, *one) for index, one in enumerate(made)]
            frame = self._frame("chat.completion")
            self._handler.send_json(200, {**frame, "choices": choices, "usage": usage})

    def _choice(self, model: Model, prompt: list[int], index: int) -> tuple[str, End]:
        texts: list[str] = []

        def say(text: str) -> None:
            self._tell(index, {"content": text}, is_first=not texts)
            texts.append(text)

        end = model.answer(prompt, self._wishes, say, self._handler.is_gone)
        if self._wishes.stream:
            self._tell(index, {}, end.reason, is_first=not texts)
        return "".join(texts), end

    def _tell(
        self, index: int, said: dict[str, Any], reason: str | None = None, *, is_first: bool
    ) -> None:
        """The next event of a stream; nothing for a plain answer."""
        if not self._wishes.stream:
            return
        if not self.has_begun:
            self.has_begun = True
            self._handler.begin_stream()
        delta = {"role": "assistant", **said} if is_first else said
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
        self._send({**self._frame("chat.completion.chunk"), "choices": [choice]})

    def _end(self, usage: dict[str, int]) -> None:
        if self._wishes.wants_usage:
            self._send({**self._frame("chat.completion.chunk"), "choices": [], "usage": usage})
        self._handler.send_event("[DONE]")
        self._handler.end_stream()

    def fail(self, error: dict[str, str]) -> None:
        """End a stream that has begun."""
        self._send({"error": error})
        self._handler.end_stream()

    def _send(self, document: dict[str, Any]) -> None:
        self._handler.send_event(json.dumps(document))

    def _frame(self, kind: str) -> dict[str, Any]:
        model = self._wishes.model
        return {"id": self._id, "object": kind, "created": self._created, "model": model}


def _whole(index: int, text: str, end: End) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "refusal": None}
    return {"index": index, "message": message, "logprobs": None, "finish_reason": end.reason}
