"""A connection to a child process that speaks OpenAI's format: requests are relayed to it."""

import asyncio
import math

from lmproxy import logs
from lmproxy.errors import Unavailable, UpstreamTimeout
from lmproxy.upstream.connection import Common, Connection
from lmproxy.upstream.egress import Egress, EgressPolicy
from lmproxy.upstream.local.process import (
    LocalModelError,
    LocalModelFailed,
    LocalProcess,
    Program,
)
from lmproxy.upstream.relay import Relay

log = logs.get(__name__)


class Served(Connection):
    """What such connections have in common."""

    def __init__(self, common: Common, program: Program) -> None:
        """Nothing is started yet."""
        super().__init__(common)
        self._common = common
        self._process = LocalProcess(program)
        self._relay: Relay | None = None

    async def start(self) -> None:
        """Load the model. A failure is logged; the next request tries again."""
        try:
            await self._process.start()
            log.info("local model is ready", connection=self.name, pid=self._process.pid)
        except LocalModelError as error:
            log.error("local model did not start", connection=self.name, reason=str(error))

    async def relay(self) -> Relay:
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
