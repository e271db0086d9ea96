"""Who does LiteLLM call for, and with what credentials? Made from a connection's settings."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import SecretStr

from lmproxy.config import schema
from lmproxy.config.binding import Misfit
from lmproxy.upstream.arguments import Account
from lmproxy.upstream.litellm.names import REGION_ADDRESSES, SETTINGS
from lmproxy.upstream.vendor import Vendor
from lmproxy.upstream.way_out import NO_KEY

AZURE_API_VERSION = "2024-10-21"
"""The newest of Azure's dated versions that is no preview.
https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle"""

PACKAGES = {
    "tenant_id": "azure-identity",
    "azure_username": "azure-identity",
    "vertex_credentials": "google-auth",
}
"""Settings that LiteLLM needs a further package for."""


def account(settings: schema.Connection, known: Vendor, base: str) -> Account:
    """The account of a connection.

    Raises:
        Misfit: `[connections.X.litellm]` has a key that this provider does not know.
    """
    allowed = SETTINGS.get(known.litellm, ())
    for name in settings.litellm:
        if name not in allowed:
            hint = f"it may have: {', '.join(allowed)}" if allowed else None
            raise Misfit(f"litellm.{name}", f"this provider has no setting '{name}'", hint)
        package = PACKAGES.get(name)
        if package and not _is_installed(package):
            raise Misfit(f"litellm.{name}", f"needs the package '{package}'", "install it")
    signs = known.litellm in REGION_ADDRESSES
    key = settings.api_key.get_secret_value() if settings.api_key else None if signs else NO_KEY
    path = known.litellm_path
    own = {name: _plain(value) for name, value in settings.litellm.items()}
    if known.litellm == "azure":
        own["api_version"] = settings.api_version or AZURE_API_VERSION
    if signs and settings.api_base is None:
        return Account(known.litellm, None, key, own)
    return Account(known.litellm, base if base.endswith(path) else base + path, key, own)


def _is_installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
