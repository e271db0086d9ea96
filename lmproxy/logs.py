"""The process log: structlog on stderr, JSON when nobody watches, every line scrubbed last.

The standard library's loggers (uvicorn, asyncio, aiohttp) go through the same processors, so no
library has a way around the scrubber. Tracebacks show no local variables.
"""

import logging
import sys
from collections.abc import Callable, MutableMapping
from types import TracebackType
from typing import Any

import structlog

QUIET = {"uvicorn.error": logging.WARNING, "asyncio": logging.WARNING, "aiohttp": logging.WARNING}
"""Loggers that talk about every connection at INFO. `--debug` lets them speak."""


def configure(level: str, scrub: Callable[[str], str]) -> None:
    """Set up structlog and the standard library's logging. May be called again with more secrets.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        scrub: masks secrets; before the config is loaded it knows only what looks secret.
    """
    threshold = getattr(logging, level.upper())
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _scrubbing(scrub),
                _renderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    for name, quiet in QUIET.items():
        logging.getLogger(name).setLevel(threshold if threshold == logging.DEBUG else quiet)
    sys.excepthook = _log_uncaught


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def _renderer() -> structlog.typing.Processor:
    if sys.stderr.isatty():
        return structlog.dev.ConsoleRenderer(
            exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
    return structlog.processors.JSONRenderer()


def _scrubbing(scrub: Callable[[str], str]) -> structlog.typing.Processor:
    def scrub_event(
        _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        for key, value in event.items():
            if not isinstance(value, int | float | bool | None):
                event[key] = scrub(value if isinstance(value, str) else str(value))
        return event

    return scrub_event


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    get("lmproxy").critical("uncaught error", exc_info=(kind, error, trace))
