"""Which operations can the relay lane carry? Each where the vendor table or `speaks` says so."""

from lmproxy.upstream.anthropic_wire import COUNT_TOKENS, MESSAGES
from lmproxy.upstream.openai_wire import CHAT
from lmproxy.upstream.responses_wire import RESPONSES

WIRES = {
    "chat": CHAT,
    "messages": MESSAGES,
    "count_tokens": COUNT_TOKENS,
    "responses": RESPONSES,
}
