"""Which tool calls of an answer are for the client to make? Not those that the provider made.

LiteLLM makes tool calls of Anthropic's own searches too, whose results are in the answer already. A
client would run a tool that it never declared.
"""

from lmproxy.call import Json

OF_THE_SERVER = "srvtoolu_"
"""How the ids of calls begin that Anthropic makes itself.
https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/web-search-tool"""


class ClientCalls:
    """Tells the calls of one choice apart, whole or in fragments."""

    def __init__(self) -> None:
        self._of_the_server: set[int] = set()
        """The indexes of such calls so far: their later fragments have no id."""

    def among(self, calls: list[Json]) -> list[Json]:
        """Those of `calls` that are the client's."""
        return [called for called in calls if self._is_clients(called)]

    def _is_clients(self, called: Json) -> bool:
        index, identifier = called.get("index") or 0, called.get("id")
        if isinstance(identifier, str) and identifier.startswith(OF_THE_SERVER):
            self._of_the_server.add(index)
            return False
        if identifier:
            self._of_the_server.discard(index)
        return bool(identifier) or index not in self._of_the_server
