"""No model at all, `api_type = "none"`: a place kept for one. It is switched off."""

from lmproxy.call import Call, Observed, Reply
from lmproxy.errors import Unavailable
from lmproxy.upstream.connection import Common, Connection


class Nothing(Connection):
    """`api_type = "none"`."""

    def __init__(self, common: Common) -> None:
        """There is nothing to say of it."""
        super().__init__(common)
        self.enabled = False

    def lane(self, operation: str) -> str:
        """None."""
        del operation
        return "none"

    async def ask(self, call: Call, model: str, observed: Observed) -> Reply:
        """Refuse; see `Connection.ask`."""
        del call, model, observed
        raise Unavailable("There is no model behind this connection.", code="connection_disabled")

    async def close(self) -> None:
        """Nothing is held."""
