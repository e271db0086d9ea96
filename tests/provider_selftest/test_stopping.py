"""A provider that stops leaves nothing open, whatever goes on meanwhile."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.provider import faults
from tests.provider.exchange import Exchange
from tests.provider.server import Provider

ASKING = b'POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 14\r\n\r\n{"model": "m"}'
HUGE = 1 << 40
MANY = 200


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connected(provider: Provider, clients: ExitStack) -> socket.socket:
    address = ("127.0.0.1", provider.port)
    return clients.enter_context(socket.create_connection(address, timeout=30))


def ends(client: socket.socket) -> bool:
    """Whether the provider ends the connection, which times out otherwise."""
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


def test_stop_ends_what_goes_on_and_raises_mistakes(clients: ExitStack) -> None:
    async def asleep(_: Exchange) -> None:
        await asyncio.sleep(3600)

    async def mistaken(_: Exchange) -> None:
        raise ZeroDivisionError

    provider = Provider()
    provider.start()
    for count, behaviour in enumerate((faults.enormous_event(HUGE), asleep, mistaken), start=1):
        provider.on("m", behaviour)
        asking = connected(provider, clients)
        asking.sendall(ASKING)
        provider.wait_for_request("m", count)
    assert ends(asking)
    with pytest.raises(ExceptionGroup) as caught:
        provider.stop()

    assert caught.group_contains(ZeroDivisionError)


def test_stop_ends_connections_that_were_only_just_made(clients: ExitStack) -> None:
    provider = Provider()
    provider.start()
    made = [connected(provider, clients) for _ in range(MANY)]
    provider.stop()

    assert all(map(ends, made))
