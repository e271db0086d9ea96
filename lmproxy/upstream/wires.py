"""Which operations can the relay lane carry? Each where the vendor table or `speaks` says so."""

from lmproxy.upstream.chat.wire import CHAT
from lmproxy.upstream.messages.wire import COUNT_TOKENS, MESSAGES
from lmproxy.upstream.operations.table import OPERATIONS
from lmproxy.upstream.responses.wire import COMPACT, INPUT_TOKENS, RESPONSES
from lmproxy.upstream.wire import Wire

WIRES: dict[str, Wire] = {
    "chat": CHAT,
    "messages": MESSAGES,
    "count_tokens": COUNT_TOKENS,
    "responses": RESPONSES,
    "compact": COMPACT,
    "input_tokens": INPUT_TOKENS,
    **{operation.name: operation.wire for operation in OPERATIONS.values()},
}


def word_of(operation: str) -> str:
    """What `speaks` calls it."""
    wire = WIRES.get(operation)
    return (wire and wire.family) or operation
