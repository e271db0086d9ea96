"""What stands among the last bytes of a stream that came to its end, with any provider?

LiteLLM makes an end of its own where there is none.
"""

import base64
from collections.abc import Iterator


def _in_base64(text: bytes) -> Iterator[bytes]:
    """What is always there of `text` in base64, whatever stands before and behind it."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + text)
        first = -(-before * 8 // 6)  # Of 6 bits each; those at the edges belong to neighbours too.
        yield encoded[first : (before + len(text)) * 8 // 6]


ENDS = (
    b"[DONE]", b'"finish_reason":"', b'"finish_reason": "', b'"message_stop"',
    b"messageStop", b'"finishReason"', b'"blockReason"', b"message-end", b'"done":true',
    b'"done": true', b'"response.completed"', b'"response.incomplete"', b'"output_tokens_details"',
    *_in_base64(b"amazon-bedrock-invocationMetrics"),
)  # fmt: skip
"""The counts are of OpenAI's Responses API, whose last event may begin far before its end. The last
are of models under Bedrock's `invoke`, whose events are in base64."""
