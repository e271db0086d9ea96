"""How does a program live beside the proxy that started it, and end with it?

The contract with `lmproxy.upstream.local.process`:

- stdin brings one JSON line, the orders. Keys come this way because other users of the machine can
  read arguments, and child processes inherit environments.
- stdout carries one JSON line, `{"port": N}`, when http://127.0.0.1:N is ready to serve.
- It ends when stdin ends, by which it notices a parent that closed it or died. On Linux the kernel
  also kills it with the thread that started it. SIGINT and SIGTERM are ignored: a terminal or a
  service manager sends them to the whole group, and the proxy still has answers to finish.
"""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

_PR_SET_PDEATHSIG = 1  # prctl(2)


def live(serve: Callable[[dict[str, Any]], tuple[int, object]]) -> None:
    """Serve until stdin ends.

    Args:
        serve: given the orders, loads the model, starts to serve; returns the port, and what must
            not be forgotten meanwhile.
    """
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN)
    answer_fd = claim_stdout()
    orders = json.loads(sys.stdin.buffer.readline())
    die_with(orders["parent_pid"])
    port, _kept = serve(orders)
    os.write(answer_fd, json.dumps({"port": port}).encode() + b"\n")
    sys.stdin.buffer.read()
    os._exit(0)  # Ending in order would wait for the answers that are being generated.


def claim_stdout() -> int:
    """Return a descriptor for what was stdout; whatever else is printed goes to stderr."""
    answer_fd = os.dup(1)
    os.dup2(2, 1)
    return answer_fd


def die_with(parent_pid: int) -> None:
    """Have the kernel kill this process with its parent, even while it is loading a model."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # It died before the kernel was asked.
        sys.exit("The process that asked for the model is gone.")
