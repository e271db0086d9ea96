"""Where does it listen? The socket is ours, so that its port is known and its errors are plain."""

import socket

BACKLOG = 2048


class ListenError(Exception):
    """The address cannot be listened on; the message says which and why."""


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 is any free one.

    Raises:
        ListenError: in use, not permitted, or not an address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ListenError(f"cannot listen on {host} port {port}: {reason}") from None


def address_of(listening: socket.socket, *, tls: bool) -> str:
    """The URL of a socket, with the real port."""
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{shown}:{port}"
