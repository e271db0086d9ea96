"""What if there is no provider behind a port? Ports of 127.0.0.1 that do not do HTTP."""

import contextlib
import errno
import select
import socket
from collections.abc import Iterator

_HANGS_AFTER_S = 0.3
_MAX_FILLERS = 64


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """U001: a port that refuses, and that nobody else can take meanwhile."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """U002: a port on which connecting hangs, because the queue of its listener is full.

    Raises OSError if this kernel accepts every connection all the same.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(_MAX_FILLERS):
            if not _connects(stack.enter_context(socket.socket()), address):
                break
        else:
            raise OSError(errno.ENOTSUP, "the queue of a listener does not fill up")
        yield address[1]


@contextlib.contextmanager
def silent_port() -> Iterator[int]:
    """U005: a port that accepts connections and is silent; a TLS handshake hangs too."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield listener.getsockname()[1]


def _connects(filler: socket.socket, address: tuple[str, int]) -> bool:
    filler.setblocking(False)
    filler.connect_ex(address)
    _, writable, _ = select.select([], [filler], [], _HANGS_AFTER_S)
    return bool(writable)
