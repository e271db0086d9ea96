"""A Python function as a model: `api_type = "function"`, or a dotted path alone, or `class`.

It may be a plain function (run in a thread, off the loop), a coroutine function, a generator of
either kind, or an instance that can be called. It gives a text or a whole chat completion; a
generator gives texts or whole chunks. Whichever the client asked for, streamed or plain, is made of
what it gives; `inference` says what it gets.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lmproxy.call import Call, Observed, Reply
from lmproxy.config.binding import BindError, Misfit, Spec, resolve_class
from lmproxy.config.problems import nearest
from lmproxy.upstream.connection import Common, Connection, not_offered
from lmproxy.upstream.default_args import Ask
from lmproxy.upstream.inference import Inference
from lmproxy.upstream.item_reply import Source
from lmproxy.upstream.plain_chat import leave_out, plain_messages

FUNCTION = "inference_func"
NEEDED = "has no default, and no field of chat fills it: give it one, or name it in pass_params"


class Called(Connection):
    """A connection that calls somebody's function."""

    def __init__(self, common: Common, inference: Inference) -> None:
        """`inference` knows the function and what it gets."""
        super().__init__(common)
        passed = frozenset(common.settings.pass_params)
        for name in passed if not inference.takes_any else ():
            if name not in inference.names:
                near = nearest(name, inference.names)
                raise Misfit("pass_params", f"the function has no parameter '{name}'", near)
        self._inference = inference
        self._passed = passed
        self.unwise = tuple(
            (FUNCTION if FUNCTION in common.settings.params else "class", f"'{name}' {NEEDED}")
            for name in inference.lacks(passed | common.settings.default_args.keys())
        )
        self.asking = self._guarded(self.asking)
        self._source = Source("function", self._leases, common.settings.timeouts)

    def lane(self, operation: str) -> str:
        """`function`: there is no provider and nothing to translate."""
        return "estimate" if operation == "count_tokens" else "function"

    async def ask(self, call: Call, model: str, observed: Observed) -> Reply:
        """Call the function; see `Connection.ask`."""
        if call.operation != "chat":
            raise not_offered(call)
        if not self._inference.by_messages:
            plain_messages(call.body["messages"])
        items = self._inference.items(self.name, call, model)
        return await self._source.reply(call, items, observed)

    def _guarded(self, ask: Ask) -> Ask:
        """`ask`, with what is a client's to say, before the operator says the rest."""

        async def ask_guarded(call: Call, model: str, observed: Observed) -> Reply:
            passed = self._passed | call.ours
            heard = frozenset(name for name in call.body if self._inference.hears(name, passed))
            kept = leave_out(call, observed, heard, strict=self.is_strict)
            return await ask(replace(call, body=kept), model, observed)

        return ask_guarded

    async def close(self) -> None:
        """Nothing is held."""


class Function(Called):
    """`api_type = "function"`."""

    def __init__(
        self,
        common: Common,
        inference_func: str | Callable[..., Any],
        chat_mode: bool = False,
    ) -> None:
        """Import the function.

        Args:
            common: what every connection has.
            inference_func: its dotted path; in a Python config also itself.
            chat_mode: give it the messages instead of their text.

        Raises:
            Misfit: there is no such function.
        """
        function = _import(inference_func) if isinstance(inference_func, str) else inference_func
        try:
            inference = Inference(function, by_messages=chat_mode, alone=False)
        except (TypeError, ValueError):
            raise Misfit("inference_func", "takes no prompt", None) from None
        super().__init__(common, inference)


def _import(dotted: str) -> Callable[..., Any]:
    try:
        function: Callable[..., Any] = resolve_class(Spec(dotted, {}, ()), {}, "inference_func")
    except BindError as error:
        _, message, hint = error.found[0]
        raise Misfit("inference_func", message, hint) from None
    return function
