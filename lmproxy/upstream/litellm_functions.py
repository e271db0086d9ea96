"""LiteLLM's functions for what is not chat. Loaded through `litellm_door`."""

from collections.abc import Callable
from typing import Any

import litellm

from lmproxy.call import Json
from lmproxy.upstream import litellm_transport
from lmproxy.upstream.arguments import Account
from lmproxy.upstream.way_out import WayOut

MAPPINGS: dict[str, Callable[..., Any]] = {
    "aembedding": litellm.utils.get_optional_params_embeddings,
}
"""What LiteLLM makes a provider's parameters with, by function: it refuses those not taken."""


class Functions:
    """Calls them by name. What they may be given is for the caller to have chosen."""

    def refused(self, function: str, provider: str, model: str, given: Json) -> tuple[str, ...]:
        """Which of the parameters `given` this model does not take."""
        mapping = MAPPINGS.get(function)
        if mapping is None:
            return ()
        return tuple(name for name in given if _is_refused(mapping, provider, model, name, given))

    async def call(
        self, function: str, account: Account, model: str, arguments: Json, way: WayOut
    ) -> Any:
        """LiteLLM's answer over `way`. Its own errors pass."""
        litellm_transport.go_out_over(way)
        return await getattr(litellm, function)(
            model=f"{account.provider}/{model}",
            api_key=account.api_key,
            api_base=account.api_base,
            max_retries=0,
            num_retries=0,
            drop_params=True,
            **account.settings,
            **arguments,
        )


def _is_refused(
    mapping: Callable[..., Any], provider: str, model: str, name: str, given: Json
) -> bool:
    try:
        mapping(model=model, custom_llm_provider=provider, **{name: given[name]})
    except litellm.UnsupportedParamsError:
        return True
    return False
