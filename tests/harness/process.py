"""What does a process hold? Descriptors, connections, memory of the proxy under test: /proc."""

from pathlib import Path


def is_running(pid: int) -> bool:
    """Whether there is such a process; what has ended and was not waited for is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descriptors(pid: int) -> int:
    """How many descriptors are open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def connections(port: int) -> int:
    """How many TCP connections to an IPv4 port neither end has closed."""
    local, state = f":{port:04X}", "01"  # ESTABLISHED; man 5 proc_pid_net.
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    return sum(field[1].endswith(local) and field[3] == state for field in fields)


def kernels_bytes() -> int:
    """The most that the kernel holds of what one end of a TCP connection has sent: man 7 tcp."""
    limits = (Path(f"/proc/sys/net/ipv4/tcp_{end}mem").read_text() for end in ("r", "w"))
    return sum(int(limit.split()[2]) for limit in limits)


def resident_bytes(pid: int) -> int:
    """The memory it holds now."""
    return _status(pid, "VmRSS")


class PeakMemory:
    """The most memory a process held at once since this was made, beyond what it had then."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # Resets VmHWM; man 5 proc_pid_clear_refs.
        self._before = resident_bytes(pid)

    @property
    def grown_bytes(self) -> int:
        return _status(self._pid, "VmHWM") - self._before


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024
