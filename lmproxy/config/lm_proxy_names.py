"""What do lm-proxy's dotted paths mean here? That package is not needed, and not looked for."""

from collections.abc import Mapping
from types import MappingProxyType

PACKAGE = "lm_proxy"
DOCUMENT = "docs/from-lm-proxy.md"
_CHECK = "lm_proxy.api_key_check"
_LOG = "lmproxy.recording.request_log"
_LIMITER = "lmproxy.handlers.rate_limiter.RateLimiter"
_FORWARDER = "lmproxy.handlers.headers_forwarder.HTTPHeadersForwarder"

OURS: Mapping[str, str] = MappingProxyType(
    {
        "lm_proxy.api_key_check.CheckAPIKeyWithRequest": "lmproxy.keys.web_check.WebCheck",
        f"{_CHECK}.with_request.CheckAPIKeyWithRequest": "lmproxy.keys.web_check.WebCheck",
        "lm_proxy.handlers.HTTPHeadersForwarder": _FORWARDER,
        "lm_proxy.handlers.RateLimiter": _LIMITER,
        "lm_proxy.handlers.forward_http_headers.HTTPHeadersForwarder": _FORWARDER,
        "lm_proxy.handlers.rate_limiter.RateLimiter": _LIMITER,
        "lm_proxy.strategies.Fallback": "lmproxy.config.fallback.Fallback",
        "lm_proxy.strategies.fallback.Fallback": "lmproxy.config.fallback.Fallback",
        "lm_proxy.loggers.BaseLogger": f"{_LOG}.BaseLogger",
        "lm_proxy.loggers.JsonLogWriter": f"{_LOG}.JsonLogWriter",
        "lm_proxy.loggers.LogEntryTransformer": f"{_LOG}.LogEntryTransformer",
        # Of the first README; that module was never released.
        "lm_proxy.loggers.log_writers.JsonLogWriter": f"{_LOG}.JsonLogWriter",
    }
)
"""Both generations of its names."""
IN_CONFIG = (
    f"{_CHECK}.check_api_key_in_config",
    f"{_CHECK}.in_config.check_api_key_in_config",
    "lm_proxy.core.check_api_key",
)
"""Key checks that the groups' `api_keys` are."""
ALLOW_ALL = (f"{_CHECK}.AllowAll", f"{_CHECK}.allow_all.AllowAll")
"""The key check that lets everybody in."""
NAMES = (*OURS, *IN_CONFIG, *ALLOW_ALL)
"""Everything of that package's that means something here."""
MODERN: Mapping[str, str] = MappingProxyType(
    {
        "lm_proxy.api_key_check.CheckAPIKeyWithRequest": "request",
        f"{_CHECK}.with_request.CheckAPIKeyWithRequest": "request",
        "lm_proxy.handlers.HTTPHeadersForwarder": "headers_forwarder",
        "lm_proxy.handlers.RateLimiter": "rate_limiter",
        "lm_proxy.handlers.forward_http_headers.HTTPHeadersForwarder": "headers_forwarder",
        "lm_proxy.handlers.rate_limiter.RateLimiter": "rate_limiter",
        "lm_proxy.loggers.log_writers.JsonLogWriter": "lm_proxy.loggers.JsonLogWriter",
        "lm_proxy.strategies.Fallback": "fallback",
        "lm_proxy.strategies.fallback.Fallback": "fallback",
    }
)
"""Short names, and those that lm-proxy itself came to have."""


def ours(dotted: str) -> str:
    """The path of what stands here for `dotted`; others as they are."""
    return OURS.get(dotted, dotted)


def is_theirs(dotted: str) -> bool:
    """Whether it is a name of that package's."""
    return dotted.partition(".")[0] == PACKAGE


def modern(dotted: str) -> str:
    """How a config written today says `dotted`; others as they are."""
    return MODERN.get(dotted, dotted)
