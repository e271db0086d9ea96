"""The process log: structlog on stderr, JSON when nobody watches, every line scrubbed last.

The standard library's loggers (uvicorn, asyncio, aiohttp) go through the same processors, so no
library has a way around the scrubber, and so do warnings and errors that nobody caught. Tracebacks
show no local variables.
"""

import logging
import sys
import threading
from collections.abc import Callable, MutableMapping
from types import TracebackType
from typing import Any

import structlog

QUIET = {
    **dict.fromkeys(("uvicorn.error", "asyncio", "aiohttp"), logging.WARNING),
    "python_multipart": logging.ERROR,
}
"""Loggers that talk about every connection at INFO, or warn of what a client is told anyway.
`--debug` lets them speak."""


def configure(level: str, scrub: Callable[[str], str]) -> None:
    """Set up structlog and the standard library's logging. May be called again with more secrets.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        scrub: masks secrets; before the config is loaded it knows only what looks secret.
    """
    threshold = getattr(logging, level.upper())
    shared = _shared()
    _use([*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter])
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
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = sys.unraisablehook = _log_ignored


def configure_embedded(scrub: Callable[[str], str]) -> None:
    """Hand our lines, scrubbed, to the standard library's logging of the program that embeds us.

    A program that has set up structlog itself is left alone.
    """
    if not structlog.is_configured():
        _use([*_shared(), _scrubbing(scrub), structlog.processors.JSONRenderer(), _message_only])


def _message_only(_logger: Any, _method: str, rendered: Any) -> tuple[tuple[Any], dict[str, Any]]:
    """What `logging` is called with: its own rendering of the exception would not be scrubbed."""
    return (rendered,), {"exc_info": None}


def _shared() -> list[structlog.typing.Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]


def _use(processors: list[structlog.typing.Processor]) -> None:
    structlog.configure(
        processors=processors,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


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
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    if error is not None and not issubclass(kind, KeyboardInterrupt | SystemExit):
        get("lmproxy").critical("uncaught error", exc_info=(kind, error, trace))


def _log_ignored(ended: Any) -> None:
    """An error that ended a thread, or that a finalizer raised."""
    _log_uncaught(ended.exc_type, ended.exc_value, ended.exc_traceback)
