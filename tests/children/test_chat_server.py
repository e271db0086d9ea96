"""The server in front of a model: whoever else is on the machine gets nothing of it."""

import socket
from unittest.mock import create_autospec

import pytest

from lmproxy.child.chat_server import Model, serve

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n"


@pytest.mark.parametrize("key", [b"", b"Authorization: Bearer wrong\r\n"], ids=["none", "wrong"])
def test_nothing_is_read_of_a_request_without_the_key(key: bytes) -> None:
    port, server = serve(create_autospec(Model), "right")
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(HEAD + key + b"\r\n")
            answer = b"".join(iter(lambda: client.recv(4096), b""))
    finally:
        server.shutdown()
        server.server_close()

    assert answer.startswith(b"HTTP/1.1 401 ")
