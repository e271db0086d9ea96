"""Where and with what was it measured? Nothing that names the machine or who runs it."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import lmproxy
from scripts.benchmark.compared import Unmeasured, nginx_program
from scripts.benchmark.processes import CORES, GATEWAY_CORE, LOAD_CORE, REPOSITORY

LIBRARIES = ("aiohttp", "starlette", "uvicorn", "uvloop", "httptools", "litellm")
ELSEWHERE = {"lm-proxy": "lm-proxy", "litellm-proxy": "litellm", "ferro": "ferrogw"}


def described(gateways: list[str]) -> list[str]:
    """Lines of a list."""
    shared = "the same core" if GATEWAY_CORE == LOAD_CORE else "another"
    return [
        f"{datetime.now(UTC):%Y-%m-%d}, lmproxy/ as of commit {commit()}",
        f"{len(CORES)} cores of {processor()}, {platform.system()} {platform.machine()}; "
        f"each gateway on one core, load and provider on {shared}",
        f"load average at the end {os.getloadavg()[1]:.1f} in 5 minutes; by itself a run makes 2",
        f"Python {platform.python_version()}; oai-proxy {lmproxy.__version__}, "
        + ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        *(f"{name}: {found}" for name in gateways if (found := version_elsewhere(name))),
    ]


def commit() -> str:
    """The last that changed the proxy, with a plus sign when a change is not committed."""
    changed = git("status", "--porcelain", "--", "lmproxy")
    return (git("log", "-1", "--format=%h", "--", "lmproxy") or "unknown") + (
        "+" if changed else ""
    )


def git(*arguments: str) -> str:
    """What git says; nothing when it cannot."""
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else "an unknown processor"


def version_elsewhere(gateway: str) -> str | None:
    """The version of a gateway that lives in an environment of its own."""
    if gateway == "nginx":
        return nginx_version()
    if gateway not in ELSEWHERE:
        return None
    folder = REPOSITORY / f".venv-bench-{gateway}"
    pattern = f"lib/python*/site-packages/{ELSEWHERE[gateway].replace('-', '_')}-*.dist-info"
    found = next(folder.glob(pattern), None)
    return found.name.removesuffix(".dist-info").rpartition("-")[2] if found else None


def nginx_version() -> str | None:
    try:
        command = [nginx_program(), "-v"]
    except Unmeasured:
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr.rpartition("/")[2].strip()
