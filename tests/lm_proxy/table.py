"""The tables of docs/from-lm-proxy.md, made of the differences that the tests hold.

`python -m tests.lm_proxy.table` prints them.
"""

import sys
from collections.abc import Sequence

from tests.lm_proxy.differences import DIFFERENCES, Difference
from tests.lm_proxy.starting import AT_START, AtStart

HEAD = ("", "lm-proxy 3.3.2", "here", "why")


def tables() -> tuple[str, str]:
    """Of running servers and of configs, in Markdown."""
    return _table(DIFFERENCES), _table(AT_START)


def _table(rows: Sequence[Difference | AtStart]) -> str:
    cells = [(row.what, row.theirs, row.ours, row.reason) for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in [HEAD, *cells]]
    return "\n".join([lines[0], "|---" * len(HEAD) + "|", *lines[1:]])


if __name__ == "__main__":
    sys.stdout.write("\n\n".join(tables()) + "\n")
