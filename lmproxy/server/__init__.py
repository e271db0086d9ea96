"""How does it listen? A socket and an application in, a running server until it is told to stop.

- `listen`: the socket, with an error a person can act on
- `run`: uvicorn with this project's settings; `protocol`: one connection of a client;
  `receiving`: what may come in on it; `outgoing`: how an answer gets onto it
"""

from lmproxy.server.listen import ListenError, address_of, open_socket
from lmproxy.server.run import run_server

__all__ = ["ListenError", "address_of", "open_socket", "run_server"]
