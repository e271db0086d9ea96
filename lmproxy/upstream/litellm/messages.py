"""LiteLLM's translation of Anthropic's requests to OpenAI's. Loaded through `door`."""

from typing import Any

from litellm.llms.anthropic.experimental_pass_through.adapters.transformation import (
    LiteLLMAnthropicMessagesAdapter,
)

from lmproxy.call import Json


class MessagesAdapter:
    """Makes a chat request of a request for a message."""

    def __init__(self) -> None:
        """Try it once.

        Raises:
            Exception: the installed LiteLLM has it not as we know it. Of any kind.
        """
        self._adapter = LiteLLMAnthropicMessagesAdapter()
        self.chat({"messages": [{"role": "user", "content": "hello"}]}, "model", None)

    def chat(self, body: Json, model: str, provider: str | None) -> tuple[Json, dict[str, str]]:
        """The chat request, and tools' own names by the shorter ones they have in it.

        Args:
            body: taken over: it may be changed.
            model: the provider's name for it, which decides on caching marks and thinking.
            provider: LiteLLM's name for it, `None` for one it does not know.
        """
        request: Any = {**body, "model": model}
        made, names = self._adapter.translate_anthropic_to_openai(
            request, custom_llm_provider=provider
        )
        return dict(made), names
