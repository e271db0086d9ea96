"""Every error a client can meet. A dialect dresses them; nothing else may reach one.

    ProxyError
    ├── Refused                     ours: nothing went to a provider
    │   ├── InvalidRequest          400
    │   │   └── UnsupportedFields   400  the operator wants those refused
    │   ├── InvalidKey              401
    │   ├── NotAllowed              403
    │   ├── NotFound                404
    │   ├── MethodNotAllowed        405
    │   ├── NoWebsocket             426
    │   ├── RequestTimeout          408  it did not come in whole in time
    │   ├── TooLarge                413  of its head: 414 the address, 431 the rest
    │   ├── UnsupportedContent      415
    │   ├── WrongHost               421
    │   ├── LaneNotAvailable        501
    │   └── Unavailable             503
    │       └── ShuttingDown        503  for requests that a stop cut off
    ├── UpstreamFault               the provider's, or the way to it
    │   ├── UpstreamRejected        the provider's own status, kept
    │   │   └── UpstreamOverloaded  503  529 for clients that know Anthropic's status
    │   ├── UpstreamAuthError       502  the operator's credential was refused, not the caller's
    │   ├── UpstreamUnreachable     502
    │   ├── UpstreamTlsError        502
    │   ├── UpstreamInvalidResponse 502
    │   ├── UpstreamBroken          502  the answer stopped before its end
    │   └── UpstreamTimeout         504
    ├── ClientGone                  499  recorded, never sent: nobody is there
    │   └── ClientStalled           499  it took nothing more of its answer and was cut off
    └── InternalError               500  our bug; says nothing of what happened

Messages are ours, or a provider's after scrubbing. No message holds a secret, a host or a path.
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class ProxyError(Exception):
    """An error with its HTTP form.

    Attributes:
        code: stable machine-readable name, as in `docs/connect.md`.
        kind: the `type` of OpenAI's error object.
        param: the request field at fault, or `None`.
        retry_after_s: whole seconds after which trying again is sensible, or `None`.
        details: further fields of a provider's error object, already scrubbed.
    """

    status: int = 500
    code: str | None = "internal_error"
    kind: str = "server_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.param = param
        self.retry_after_s = retry_after_s
        self.details: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """What records and logs call it: its code, or the type where a provider gave no code."""
        return self.code or self.kind


class Refused(ProxyError):
    """We said no before anything went to a provider."""

    kind = "invalid_request_error"


class InvalidRequest(Refused):
    """The request cannot be understood as it is; `param` names the field."""

    status = 400
    code = "invalid_request"


class UnsupportedFields(InvalidRequest):
    """Fields of the request that the provider does not take; `names` in the client's words."""

    code = "unsupported_parameter"

    def __init__(self, names: Sequence[str]) -> None:
        quoted = ", ".join(f"'{name}'" for name in names)
        super().__init__(
            f"This model's provider does not take {quoted}. Leave it out and send the request "
            "again.",
            param=names[0],
        )
        self.names = names


class InvalidKey(Refused):
    """No known key was presented. The client never hears the `reason`: it is for the log."""

    status = 401
    code = "invalid_api_key"
    WORDS: ClassVar = (
        "Incorrect or missing API key. Send a virtual key of this proxy as "
        "'Authorization: Bearer KEY'; whoever runs the proxy hands them out."
    )

    def __init__(self, reason: str = "") -> None:
        super().__init__(self.WORDS)
        self.reason = reason


class NotAllowed(Refused):
    """The key is right and may not do this."""

    status = 403
    code = "model_not_allowed"
    kind = "permission_error"


class NotFound(Refused):
    """No such model or path."""

    status = 404
    code = "not_found"


class NoWebsocket(Refused):
    """A websocket was asked for. The status is the one at which Codex goes on by POST at once."""

    status = 426
    code = "no_websocket"


class MethodNotAllowed(Refused):
    """The path exists, for the methods `allowed`."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        super().__init__(f"This path takes {' or '.join(allowed)}, not {method}.")
        self.allowed = tuple(allowed)


class RequestTimeout(Refused):
    """The request did not come in whole in time."""

    status = 408
    code = "request_timeout"


class TooLarge(Refused):
    """The body, or the head, passed its limit; the rest of it was not read."""

    status = 413
    code = "request_too_large"


class UnsupportedContent(Refused):
    """Not JSON by its headers, or compressed."""

    status = 415
    code = "unsupported_media_type"


class WrongHost(Refused):
    """The `Host` header is none of `allowed_hosts`."""

    status = 421
    code = "invalid_host"


class LaneNotAvailable(Refused):
    """The connection needs a way to its provider that this version does not have."""

    status = 501
    code = "lane_not_available"
    kind = "server_error"


class Unavailable(Refused):
    """Switched off or full; trying again later may work."""

    status = 503
    code = "overloaded"
    kind = "service_unavailable"


class ShuttingDown(Unavailable):
    """The proxy was told to stop and this request did not finish in time."""

    code = "server_shutting_down"

    def __init__(self) -> None:
        super().__init__("The proxy is being stopped. Try again in a moment.", retry_after_s=1)


class UpstreamFault(ProxyError):
    """The provider, or the way to it, failed."""

    status = 502
    code: str | None = "upstream_error"
    kind = "upstream_error"


class UpstreamRejected(UpstreamFault):
    """The provider refused with a status that its clients act on: it is kept."""

    def __init__(
        self, status: int, message: str, *, code: str | None, kind: str, param: str | None
    ) -> None:
        super().__init__(message, param=param)
        self.status, self.code, self.kind = status, code, kind


class UpstreamOverloaded(UpstreamRejected):
    """The provider has more to do than it can: 503, which all clients know, or Anthropic's 529."""


class UpstreamAuthError(UpstreamFault):
    """The provider refused the operator's credential."""

    code = "upstream_auth_error"


class UpstreamUnreachable(UpstreamFault):
    """No connection could be made, or it was lost before an answer."""

    code = "upstream_unreachable"


class UpstreamTlsError(UpstreamFault):
    """The provider's certificate or TLS handshake is not acceptable. Never retried."""

    code = "upstream_tls_error"


class UpstreamInvalidResponse(UpstreamFault):
    """The provider answered something that is not an answer."""

    code = "upstream_invalid_response"


class UpstreamBroken(UpstreamFault):
    """The answer stopped before its end."""

    code = "upstream_stream_broken"


class UpstreamTimeout(UpstreamFault):
    """One of the connection's deadlines passed."""

    status = 504
    code = "upstream_timeout"


class ClientGone(ProxyError):
    """The client left. The upstream request is cancelled; this is recorded and never sent."""

    status = 499
    code = "client_gone"

    def __init__(self) -> None:
        super().__init__("The client closed the connection before the answer was complete.")


class ClientStalled(ClientGone):
    """The client took nothing of its answer for too long, and was cut off."""

    code = "client_stalled"


class InternalError(ProxyError):
    """A bug of ours. The traceback is in the process log, under the request's id."""

    def __init__(self) -> None:
        super().__init__(
            "The proxy failed at this request. The operator's log has the details under its id."
        )
