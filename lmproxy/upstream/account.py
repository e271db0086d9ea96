"""Who does LiteLLM call for, and with what credentials? Made from a connection's settings."""

from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import SecretStr

from lmproxy.config import schema
from lmproxy.config.binding import Misfit
from lmproxy.config.values import BEDROCK_ADDRESS
from lmproxy.upstream.arguments import Account
from lmproxy.upstream.azure_tokens import TOKENS, azure_tokens
from lmproxy.upstream.litellm.names import REGION_ADDRESSES, SETTINGS
from lmproxy.upstream.vendor import Vendor
from lmproxy.upstream.way_out import NO_KEY

AZURE_API_VERSION = "2024-10-21"
"""The newest of Azure's dated versions that is no preview.
https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle"""

RESPONSES = "responses/"
"""Has LiteLLM ask the provider's Responses API for chat."""

PACKAGES = {
    "tenant_id": "azure-identity",
    "azure_credential": "azure-identity",
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
    own = {n: _plain(value) for n, value in settings.litellm.items() if n != BEDROCK_ADDRESS}
    if known.litellm == "azure":
        own["api_version"] = settings.api_version or AZURE_API_VERSION
        own |= azure_tokens(own)
        if TOKENS in own and base.endswith(known.relay_ending or "/"):
            hint = f"leave {known.relay_ending} out"
            raise Misfit("api_base", "is not asked with tokens at this path", hint)
    if signs and settings.address is None:
        return Account(known.litellm, None, key, own)
    return Account(known.litellm, base + path, key, own)


def for_chat(own: Account, settings: schema.Connection, known: Vendor, base: str) -> Account:
    """The account that chat is asked with, which may be asked of the Responses API.

    Raises:
        Misfit: the provider has none.
    """
    if not settings.use_responses_api:
        return own
    if known.api_type == "azure":
        if TOKENS in own.settings:
            message = "Azure's Responses API is not asked with tokens here"
            raise Misfit("use_responses_api", message, "leave it out, or use an api_key")
        version = {"api_version": "preview"}  # Has LiteLLM ask /openai/v1, which has no others.
        address = base.removesuffix(known.relay_ending or "")
        return replace(
            own, api_base=address, settings={**own.settings, **version}, switch=RESPONSES
        )
    if "responses" not in (settings.speaks or known.speaks):
        raise Misfit("use_responses_api", "this provider has no Responses API", "leave it out")
    return replace(own, provider="openai", api_base=base, switch=RESPONSES)


def _is_installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
