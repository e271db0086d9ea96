"""Which of the client's headers does a provider get? Those that the operator names.

Never one that carries a credential or frames the request, on the operator's word or without it:
naming one is an error of the config, as leaving it out in silence would look as if it went.
"""

import re
from collections.abc import Iterator

from lmproxy.config.binding import Misfit
from lmproxy.config.values import HEADER_NAME

FRAMING = {
    "accept", "accept-encoding", "cache-control", "connection", "date", "etag", "expect",
    "forwarded", "host", "http2-settings", "keep-alive", "range", "strict-transport-security", "te",
    "trailer", "transfer-encoding", "upgrade", "user-agent", "via",
}  # fmt: skip
"""They speak of a connection or of who sends, which is the proxy."""
BEGINNINGS = ("content-", "if-", "proxy-", "sec-", "x-amz-", "x-goog-", "x-ms-", "x-oai-proxy-")
SECRET = re.compile(
    r"(?<![a-z])auth(?![a-z])|authori[sz]|authent|cookie|api.?key|token$|secret|passw|credential"
)
ADVICE = 'name those that providers may see, such as white_list_headers = ["traceparent"]'


class HTTPHeadersForwarder:
    """`class = "headers_forwarder"`.

    Attributes:
        names: of the headers that go on, lower-case.
    """

    def __init__(
        self, white_list_headers: tuple[str, ...] = (), ignore_headers: tuple[str, ...] = ()
    ) -> None:
        """Take the names.

        Args:
            white_list_headers: of headers, in any case.
            ignore_headers: those of them that do not go on after all.

        Raises:
            Misfit: none is named, or one that never goes on.
        """
        ignored = {name.lower() for name in ignore_headers}
        named = dict.fromkeys(name.lower() for name in white_list_headers)
        self.names = tuple(name for name in named if name not in ignored)
        if not self.names:
            message = "is empty: every header of every client would go on"
            raise Misfit("white_list_headers", message, ADVICE)
        for name in self._unfit():
            message = f"'{name}' never goes on: it is a credential, or the proxy's own to set"
            raise Misfit("white_list_headers", message, "take it out of the list")

    def _unfit(self) -> Iterator[str]:
        for name in self.names:
            fits = HEADER_NAME.fullmatch(name) and name not in FRAMING
            if not fits or name.startswith(BEGINNINGS) or SECRET.search(name):
                yield name
