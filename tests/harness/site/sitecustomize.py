"""Python runs this at the start of a process under test: what others wrote is imported quickly.

Only while coverage is measured, and what it finds is the same: LiteLLM's import would take twice as
long traced, and a fifth longer if the garbage collector looked through what stays anyway.
"""

import gc
import os
import sys
from importlib.machinery import SourceFileLoader
from types import ModuleType

_exec_module = SourceFileLoader.exec_module


def _quickly(loader: SourceFileLoader, module: ModuleType) -> None:
    if module.__name__.partition(".")[0] == "lmproxy":
        _exec_module(loader, module)
        return
    tracer, collects = sys.gettrace(), gc.isenabled()
    sys.settrace(None)
    gc.disable()
    try:
        _exec_module(loader, module)
    finally:
        if collects:
            gc.enable()
        if tracer is not None:
            sys.settrace(tracer)
            _called()


def _called() -> None:
    """Coverage takes up tracing at the next call, which has to be seen to return as well."""


if "COVERAGE_PROCESS_CONFIG" in os.environ:  # noqa: TID251 - set by coverage itself.
    SourceFileLoader.exec_module = _quickly  # type: ignore[assignment,method-assign]
