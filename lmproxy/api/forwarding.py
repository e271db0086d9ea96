"""Which headers of this request go on because the operator said so?

Not one that any provider could read as another header, nor one that the client put its key into.
"""

from lmproxy.api.credentials import presented
from lmproxy.api.exchange import Exchange


def forwarded(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    """Name, lower-case, and value of those that are there."""
    secrets = [secret.decode("latin-1") for secret in presented(exchange.headers) if secret]
    return tuple(
        (name, value)
        for name, value in exchange.going_on(exchange.policy.forwarded)
        if value.isascii() and value.isprintable() and not any(key in value for key in secrets)
    )
