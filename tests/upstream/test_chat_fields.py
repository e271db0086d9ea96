"""Which fields are chat's, beside what OpenAI's own SDK and LiteLLM say."""

from typing import get_type_hints

from openai.types.chat.completion_create_params import CompletionCreateParamsBase
from openai.types.completion_create_params import (
    CompletionCreateParamsBase as TextCreateParamsBase,
)
from openai.types.responses.response_create_params import ResponseCreateParamsBase

from lmproxy.upstream.arguments import HANDLED, PARAMETERS
from lmproxy.upstream.chat_fields import FIELDS, PLACES


def test_the_fields_of_chat_are_those_of_openais_sdk() -> None:
    assert get_type_hints(CompletionCreateParamsBase).keys() | {"stream"} == FIELDS


def test_the_fields_that_may_reach_litellm_are_chats_but_for_anthropics_thinking() -> None:
    assert {"thinking"} == (PARAMETERS | HANDLED) - FIELDS


def test_a_field_stands_where_openais_sdk_has_one() -> None:
    bases = {"completions": TextCreateParamsBase, "responses": ResponseCreateParamsBase}
    for operation, base in bases.items():
        tables = {place.path[0] for place in PLACES[operation].values()}
        assert tables <= get_type_hints(base).keys()
