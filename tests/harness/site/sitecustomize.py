"""Python runs this at the start of a process under test: what others wrote is imported untraced.

Only while coverage is measured, and it makes no difference to what is: LiteLLM's import takes 9 s
traced, 5 s untraced.
"""

import os
import sys
from importlib.machinery import SourceFileLoader
from types import ModuleType

_exec_module = SourceFileLoader.exec_module


def _untraced(loader: SourceFileLoader, module: ModuleType) -> None:
    tracer = sys.gettrace()
    if tracer is None or module.__name__.partition(".")[0] == "lmproxy":
        _exec_module(loader, module)
        return
    sys.settrace(None)
    try:
        _exec_module(loader, module)
    finally:
        sys.settrace(tracer)
        _called()


def _called() -> None:
    """Coverage takes up tracing at the next call, which has to be seen to return as well."""


if "COVERAGE_PROCESS_CONFIG" in os.environ:  # noqa: TID251 - set by coverage itself.
    SourceFileLoader.exec_module = _untraced  # type: ignore[assignment,method-assign]
