"""A model on this machine: a GGUF file, or the packaged SmolLM2, in a child process of the proxy.

The child speaks OpenAI's format, so requests are relayed to it like to any provider.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from lmproxy.call import Call, Observed, Reply
from lmproxy.config.binding import Misfit
from lmproxy.config.values import Lane, Whole
from lmproxy.upstream.connection import Common, not_offered
from lmproxy.upstream.local.gguf import LocalSettings, check_installed, packaged_model_file
from lmproxy.upstream.local.process import LocalModelMissing
from lmproxy.upstream.local.served import Served

SPOKEN = {"chat", "completions", "embeddings", "count_tokens"}
ASKED_AS_CHAT = {"messages", "responses"}
"""llama.cpp serves these too, but its streams of them are not what clients read: an answer that
ends at once has no `message_start`, an end at a stop sequence is called another, and the events of
responses have no numbers."""

Counted = Annotated[Whole, Field(ge=1)]

_PACKAGED_ANSWER_TOKENS = 512


class Local(Served):
    """`api_type = "local"`."""

    def __init__(
        self,
        common: Common,
        model_file: Path | None = None,
        model_alias: str = "smollm2",
        context_tokens: Counted = 4096,
        answer_tokens: Counted | None = None,
        threads: Counted | None = None,
        parallel: Counted = 2,
    ) -> None:
        """Check that a model could be started; start none.

        Args:
            common: what every connection has.
            model_file: a GGUF file; by default the packaged SmolLM2-135M-Instruct.
            model_alias: the name in answers.
            context_tokens: prompt and answer together, of each request.
            answer_tokens: where an answer ends whose request names no limit. By default after 512
                of the packaged model, which now and then never ends by itself; a file's model may
                fill its context.
            threads: by default all physical cores.
            parallel: requests answered at the same time; more wait.

        Raises:
            Misfit: the model server, the weights or the file are missing.
        """
        self._alias = model_alias
        try:
            check_installed(model_file)
            if model_file is None:
                model_file = packaged_model_file()
                answer_tokens = answer_tokens or _PACKAGED_ANSWER_TOKENS
        except LocalModelMissing as missing:
            raise Misfit("model_file", str(missing), None) from None
        super().__init__(
            common,
            LocalSettings(
                model_file, model_alias, context_tokens, answer_tokens, threads, parallel
            ),
        )

    def takes(self, operation: str) -> bool:
        """What the child answers well; other dialects are asked for as chat."""
        return operation in SPOKEN

    def lane(self, operation: str) -> Lane:
        """Relay, or translate for what chat's answers are made into."""
        if operation in ASKED_AS_CHAT:
            return "translate"
        return "relay" if operation in SPOKEN else "litellm"

    async def models(self) -> tuple[str, ...]:
        """The alias: the model is the only one, and answers to any name."""
        return (self._alias,)

    async def ask(self, call: Call, model: str, observed: Observed) -> Reply:
        """Send `call` to the child process, waiting until it is ready."""
        if self.lane(call.operation) != "relay":
            raise not_offered(call)
        relay = await self.relay()
        return await relay.ask(call, model, observed, self._leases)
