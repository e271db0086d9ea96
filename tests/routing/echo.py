"""A connection kind that asks nobody: its answer says where the request would have gone."""

from lmproxy.call import Call, Observed, Reply
from lmproxy.config.values import Lane
from lmproxy.upstream.connection import Connection


class Echo(Connection):
    """Answers with its own name and the name that the provider would be given."""

    def lane(self, operation: str) -> Lane:  # noqa: ARG002 - the port's signature.
        return "relay"

    async def ask(self, call: Call, model: str, observed: Observed) -> Reply:  # noqa: ARG002
        return Reply(200, b"text/plain", f"{self.name} {model}".encode(), observed)

    async def close(self) -> None:
        """Nothing is open."""
