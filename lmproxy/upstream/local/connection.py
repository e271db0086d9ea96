"""A model on this machine: a GGUF file, or the packaged SmolLM2, in a child process of the proxy.

The child speaks OpenAI's format, so requests are relayed to it like to any provider.
"""

import asyncio
import math
from pathlib import Path

from lmproxy import logs
from lmproxy.call import Call, Observed, Reply
from lmproxy.config.binding import Misfit
from lmproxy.config.values import Lane
from lmproxy.errors import Unavailable, UpstreamTimeout
from lmproxy.upstream.connection import Common, Connection, not_offered
from lmproxy.upstream.egress import Egress, EgressPolicy
from lmproxy.upstream.local.process import (
    LocalModelError,
    LocalModelFailed,
    LocalModelMissing,
    LocalProcess,
    LocalSettings,
    check_installed,
    packaged_model_file,
)
from lmproxy.upstream.relay import Relay

log = logs.get(__name__)

SPOKEN = {"chat", "completions", "embeddings", "count_tokens"}
ASKED_AS_CHAT = {"messages", "responses"}
"""llama.cpp serves these too, but its streams of them are not what clients read: an answer that
ends at once has no `message_start`, an end at a stop sequence is called another, and the events of
responses have no numbers."""


class Local(Connection):
    """`api_type = "local"`."""

    def __init__(
        self,
        common: Common,
        model_file: Path | None = None,
        model_alias: str = "smollm2",
        context_tokens: int = 4096,
        threads: int | None = None,
        parallel: int = 2,
    ) -> None:
        """Check that a model could be started; start none.

        Args:
            common: what every connection has.
            model_file: a GGUF file; by default the packaged SmolLM2-135M-Instruct.
            model_alias: the name in answers.
            context_tokens: prompt and answer together, of each request.
            threads: by default all physical cores.
            parallel: requests answered at the same time; more wait.

        Raises:
            Misfit: the model server, the weights or the file are missing.
        """
        super().__init__(common)
        self._alias = model_alias
        try:
            check_installed(model_file)
            model_file = model_file or packaged_model_file()
        except LocalModelMissing as missing:
            raise Misfit("model_file", str(missing), None) from None
        self._common = common
        self._process = LocalProcess(
            LocalSettings(model_file, model_alias, context_tokens, threads, parallel)
        )
        self._relay: Relay | None = None

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

    async def start(self) -> None:
        """Load the model. A failure is logged; the next request tries again."""
        try:
            await self._process.start()
            log.info("local model is ready", connection=self.name, pid=self._process.pid)
        except LocalModelError as error:
            log.error("local model did not start", connection=self.name, reason=str(error))

    async def ask(self, call: Call, model: str, observed: Observed) -> Reply:
        """Send `call` to the child process, waiting until it is ready."""
        if self.lane(call.operation) != "relay":
            raise not_offered(call)
        relay = await self._relay_to_child()
        return await relay.ask(call, model, observed, self._leases)

    async def _relay_to_child(self) -> Relay:
        """The relay to the living child; a new one if it was started again on another port."""
        try:
            async with asyncio.timeout(self._common.settings.timeouts.first_byte_s):
                base = await self._process.base_url()
        except TimeoutError:
            raise UpstreamTimeout("The local model did not get ready in time.") from None
        except LocalModelError as error:
            log.warning("local model is not running", connection=self.name, reason=str(error))
            wait_s = error.retry_after_s if isinstance(error, LocalModelFailed) else None
            raise Unavailable(
                "The local model is not running. The operator's log says why.",
                code="local_model_unavailable",
                retry_after_s=None if wait_s is None else max(math.ceil(wait_s), 1),
            ) from error
        old = self._relay
        if old is not None and old.egress.policy.base == base:
            return old
        relay = self._relay = self._make_relay(base)
        if old is not None:
            await old.egress.close()
        return relay

    def _make_relay(self, base: str) -> Relay:
        settings = self._common.settings
        headers = {
            "authorization": f"Bearer {self._process.api_key}",
            "content-type": "application/json",
        }
        egress = Egress(EgressPolicy(base, headers, settings.timeouts))
        return Relay.over(egress, settings.stream_usage or "ask", self._common.scrubber)

    async def close(self) -> None:
        """End the child process."""
        if self._relay is not None:
            await self._relay.egress.close()
        await self._process.stop()
