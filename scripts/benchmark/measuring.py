"""What has a process tree used? CPU time and memory, from /proc.

The whole tree: a gateway with worker or helper processes pays for all of them.
"""

import os
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a tree, now. `cpu_s` is user and system time, dead children included."""

    cpu_s: float
    resident_bytes: int

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(self.cpu_s - other.cpu_s, self.resident_bytes - other.resident_bytes)


def usage_of(pid: int | None) -> Usage:
    """What the process and all below it have used; resolution `1 / TICKS_PER_S` seconds."""
    if pid is None:
        return Usage(0.0, 0)
    fields = [found for process in tree(pid) if (found := stat(process))]
    ticks = sum(int(value) for found in fields for value in found[11:15])
    pages = sum(int(found[21]) for found in fields)
    return Usage(ticks / TICKS_PER_S, pages * PAGE_BYTES)


def descriptors(pid: int) -> int:
    """How many are open in the process and all below it."""
    return sum(len(list(Path(f"/proc/{process}/fd").iterdir())) for process in tree(pid))


def tree(root: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for process in found:
        found.extend(children.get(process, []))
    return found


def stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name, from `state` on; `None` when it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
