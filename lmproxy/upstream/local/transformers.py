"""A model of Hugging Face's Transformers: `api_type = "transformers"`.

PyTorch runs in a child process, which may have a Python of its own; the proxy never imports it.
"""

from dataclasses import replace
from pathlib import Path

from lmproxy.call import Call, Observed, Reply
from lmproxy.config.binding import Misfit
from lmproxy.upstream.connection import Common, not_offered
from lmproxy.upstream.lease import Leases
from lmproxy.upstream.local.process import LocalModelMissing
from lmproxy.upstream.local.served import Served
from lmproxy.upstream.local.transformers_params import (
    NO_EFFECT,
    InitParams,
    TransformersProgram,
    effective,
)
from lmproxy.upstream.plain_chat import leave_out, plain_messages

TAKEN = frozenset(
    {
        "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "min_p",
        "repetition_penalty", "stop", "seed", "n",
    }
)  # fmt: skip
"""Parameters that `lmproxy.child.wishes` reads."""
USUAL_CONCURRENCY = 16
"""One of them is answered, the others wait for it."""


class Transformers(Served):
    """`api_type = "transformers"`."""

    def __init__(
        self,
        common: Common,
        model: str,
        init_params: InitParams | None = None,
        python: Path | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        """Check that a model could be started; start none.

        Args:
            common: what every connection has.
            model: a folder, or a name on the hub.
            init_params: how it is loaded.
            python: the interpreter that has torch and transformers; by default the proxy's own.
            env: environment variables of the child process, besides the usual few.

        Raises:
            Misfit: a folder or a package is missing, or a parameter cannot be said in a config.
        """
        given = init_params or InitParams()
        program = TransformersProgram(model, effective(given), python, env or {})
        super().__init__(common, program)
        self._leases = Leases(common.settings.concurrency or USUAL_CONCURRENCY)
        self._alias = _alias(model)
        self.own_model = self._alias
        self.unwise = tuple(
            (f"init_params.{name}", f"has no effect: {why}")
            for name, why in NO_EFFECT.items()
            if name in given
        )
        try:
            program.check()
        except LocalModelMissing as missing:
            key = "model" if python is None else "python"
            raise Misfit(key, str(missing), None) from None

    def lane(self, operation: str) -> str:
        """Relay, or translate for what chat's answers are made into."""
        if operation == "count_tokens":
            return "estimate"
        return "relay" if operation == "chat" else "translate"

    async def models(self) -> tuple[str, ...]:
        """The model is the only one, and answers to any name."""
        return (self._alias,)

    async def ask(self, call: Call, model: str, observed: Observed) -> Reply:
        """Send `call` to the child process, waiting until it is ready."""
        if call.operation != "chat":
            raise not_offered(call)
        messages = plain_messages(call.body["messages"])
        fields = leave_out(call, observed, TAKEN, strict=self.is_strict)
        plain = replace(call, body={**fields, "messages": messages})
        relay = await self.relay()
        return await relay.ask(plain, model, observed, self._leases)


def _alias(model: str) -> str:
    """The name in lists of models: a folder's own, the whole of one on the hub.

    Raises:
        Misfit: it is a folder that is not there.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        return path.resolve().name
    if model.startswith(("/", ".", "~")):
        raise Misfit("model", f"there is no folder {model}", None)
    return model
