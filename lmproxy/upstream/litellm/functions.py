"""LiteLLM's functions for what is not chat. Loaded through `door`."""

from collections.abc import Callable
from functools import partial
from typing import Any

import litellm
from litellm.llms.azure.audio_transcriptions import AzureAudioTranscription

from lmproxy.call import Json
from lmproxy.upstream.arguments import Account
from lmproxy.upstream.litellm import transport
from lmproxy.upstream.way_out import WayOut

SENDS_ON = {"aimage_edit"}
"""Functions that would send the argument `drop_params` to the provider."""


class Functions:
    """Calls them by name. What they may be given is for the caller to have chosen."""

    def __init__(self) -> None:
        """Have LiteLLM ask Azure to listen in our words."""
        litellm.main.azure_audio_transcriptions = AzureListening()

    def refused(self, function: str, provider: str, model: str, given: Json) -> tuple[str, ...]:
        """Which of the parameters `given` this model does not take."""
        takes = TAKES.get(function)
        if takes is None:
            return ()
        return tuple(name for name in given if not takes(provider, model, name, given[name]))

    async def call(
        self, function: str, account: Account, model: str, arguments: Json, way: WayOut
    ) -> Any:
        """LiteLLM's answer over `way`. Its own errors pass."""
        transport.go_out_over(way)
        return await getattr(litellm, function)(
            model=f"{account.provider}/{model}",
            api_key=account.api_key,
            api_base=account.api_base,
            max_retries=0,
            num_retries=0,
            **({} if function in SENDS_ON else {"drop_params": True}),
            **account.settings,
            **arguments,
        )


class AzureListening:
    """Gives Azure's `api-version` to LiteLLM's asynchronous half too, which asks for its own."""

    def audio_transcriptions(self, **arguments: Any) -> Any:
        """As LiteLLM's."""
        asked = AzureAudioTranscription()
        asked.async_audio_transcriptions = partial(
            asked.async_audio_transcriptions, api_version=arguments["api_version"]
        )
        return asked.audio_transcriptions(**arguments)


def _embedding_takes(provider: str, model: str, name: str, value: Any) -> bool:
    mapping: Callable[..., Any] = litellm.utils.get_optional_params_embeddings
    try:
        mapping(model=model, custom_llm_provider=provider, **{name: value})
    except litellm.UnsupportedParamsError:
        return False
    return True


def _drawing_takes(provider: str, model: str, name: str, _: Any) -> bool:
    """Without a table of its own a provider gets everything."""
    config = litellm.utils.ProviderConfigManager.get_provider_image_generation_config(
        model=model, provider=litellm.LlmProviders(provider)
    )
    return config is None or name in config.get_supported_openai_params(model)


def _changing_takes(provider: str, model: str, name: str, _: Any) -> bool:
    config = litellm.utils.ProviderConfigManager.get_provider_image_edit_config(
        model=model, provider=litellm.LlmProviders(provider)
    )
    return name in config.get_supported_openai_params(model)


def _listening_takes(provider: str, model: str, name: str, value: Any) -> bool:
    mapping: Callable[..., Any] = litellm.utils.get_optional_params_transcription
    try:
        mapping(model=model, custom_llm_provider=provider, **{name: value})
    except litellm.UnsupportedParamsError:
        return False
    return True


def _rerank_takes(provider: str, model: str, name: str, _: Any) -> bool:
    config = litellm.utils.ProviderConfigManager.get_provider_rerank_config(
        model=model,
        provider=litellm.LlmProviders(provider),
        api_base=None,
        present_version_params=[name],
    )
    return name in config.get_supported_cohere_rerank_params(model)


TAKES: dict[str, Callable[[str, str, str, Any], bool]] = {
    "aembedding": _embedding_takes,
    "aimage_edit": _changing_takes,
    "aimage_generation": _drawing_takes,
    "atranscription": _listening_takes,
    "arerank": _rerank_takes,
}
"""Whether LiteLLM has a parameter's value go on, by function: of provider, model, name, value."""
