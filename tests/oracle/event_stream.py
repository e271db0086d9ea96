"""How are Amazon's streamed answers framed? Written from its description, not with its library.

https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html#streaming-event-stream
"""

import struct
import zlib

_STRING = 7
_PRELUDE_BYTES = 12
_CRC_BYTES = 4


def frame(event_type: str, payload: bytes) -> bytes:
    """One event with a JSON payload, an exception if its type begins with `!`.

    All numbers are big-endian, both checksums CRC-32.
    """
    kind = "exception" if event_type.startswith("!") else "event"
    headers = b"".join(
        _header(name, value)
        for name, value in (
            (f":{kind}-type", event_type.removeprefix("!")),
            (":content-type", "application/json"),
            (":message-type", kind),
        )
    )
    total = _PRELUDE_BYTES + len(headers) + len(payload) + _CRC_BYTES
    lengths = struct.pack(">II", total, len(headers))
    message = lengths + _crc(lengths) + headers + payload
    return message + _crc(message)


def _header(name: str, value: str) -> bytes:
    raw_name, raw_value = name.encode(), value.encode()
    head = struct.pack(">B", len(raw_name)) + raw_name
    return head + struct.pack(">BH", _STRING, len(raw_value)) + raw_value


def _crc(content: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(content))
