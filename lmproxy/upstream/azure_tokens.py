"""Who asks Azure for a token of Entra ID in the place of a key? Its own library, `azure-identity`.

LiteLLM would ask it too, but only where it has no key: then it takes one from the environment.
"""

from importlib import import_module
from typing import Any

from lmproxy.call import Json
from lmproxy.config.binding import Misfit

SCOPE = "https://cognitiveservices.azure.com/.default"
TOKENS = "azure_ad_token_provider"
"""LiteLLM's argument for a function that gives a token."""


def azure_tokens(settings: Json) -> Json:
    """LiteLLM's argument for tokens, empty if `settings` ask for none.

    Args:
        settings: of `[connections.X.litellm]`; what only says who asks is taken out.

    Raises:
        Misfit: there is no such credential.
    """
    machine = settings.pop("azure_credential", None)
    if machine not in (None, "default"):
        raise Misfit("litellm.azure_credential", "is none that is known", "write 'default'")
    chosen = _credential(settings, by_machine=machine is not None)
    if chosen is None:
        return {}
    name, params = chosen
    identity = import_module("azure.identity")
    credential = getattr(identity, name)(**params)
    scope = settings.get("azure_scope", SCOPE)
    return {TOKENS: identity.get_bearer_token_provider(credential, scope)}


def _credential(settings: Json, *, by_machine: bool) -> tuple[str, dict[str, Any]] | None:
    """The library's class and its parameters; `None` if there is nobody to ask as."""
    if by_machine:
        return "DefaultAzureCredential", {}
    secret = {name: settings.get(name) for name in ("tenant_id", "client_id", "client_secret")}
    if all(secret.values()):
        return "ClientSecretCredential", secret
    user = {name: settings.get(f"azure_{name}") for name in ("username", "password")}
    user["client_id"] = settings.get("client_id")
    return ("UsernamePasswordCredential", user) if all(user.values()) else None
