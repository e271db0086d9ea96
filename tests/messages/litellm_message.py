"""Prints what LiteLLM makes of chat answers, as Anthropic's messages; run by `test_forms.py`.

A program of its own: LiteLLM reads its settings from the environment while it is imported.
"""

import json
import sys
from typing import Any

from litellm.llms.anthropic.experimental_pass_through.adapters.transformation import (
    LiteLLMAnthropicMessagesAdapter,
)
from litellm.types.utils import ModelResponse


def main() -> None:
    given = json.load(sys.stdin)
    made = {case: message(answer, given["names"]) for case, answer in given["answers"].items()}
    sys.stdout.write(json.dumps(made))


def message(answer: dict[str, Any], names: dict[str, str]) -> Any:
    """Empty where LiteLLM fails."""
    try:
        return LiteLLMAnthropicMessagesAdapter().translate_openai_response_to_anthropic(
            ModelResponse(**answer), tool_name_mapping=names
        )
    except ValueError:
        return {}


if __name__ == "__main__":
    main()
