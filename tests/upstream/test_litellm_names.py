"""The names that are known of LiteLLM are those it has."""

import pytest

from lmproxy.upstream.arguments import HANDLED, PARAMETERS, reserved
from lmproxy.upstream.litellm.names import ADDRESSES, REGION_ADDRESSES, SETTINGS, TRANSLATED
from lmproxy.upstream.vendors import VENDORS
from tests.upstream.conftest import Installed

OTHER_ADDRESSES = {
    "bedrock_mantle": "LiteLLM makes it of a region, us-east-1 if none is given",
    "cohere_chat": "LiteLLM's default, in main.py, is the whole URL of the operation",
    "cometapi": "LiteLLM's default is in main.py",
    "huggingface": "LiteLLM's default is in the transformation",
    "minimax": "LiteLLM's default is in the transformation",
    "ollama_chat": "LiteLLM's default, in main.py, says localhost",
    "ovhcloud": "LiteLLM's default is in the transformation",
    "replicate": "LiteLLM's default is in the transformation, with the path of a model",
}
"""Where `litellm.get_llm_provider` gives another default address than ours, and why."""


def test_every_provider_is_one_of_litellms(installed: Installed) -> None:
    ours = {*ADDRESSES, *TRANSLATED, *SETTINGS, *REGION_ADDRESSES}
    ours |= {known.litellm for known in VENDORS.values()}

    assert ours - set(installed["providers"]) == set()


@pytest.mark.parametrize("name", ADDRESSES)
def test_an_address_differs_from_litellms_only_where_a_reason_is_given(
    name: str, installed: Installed
) -> None:
    differs = ADDRESSES[name] != installed["addresses"][name]

    assert differs == (name in OTHER_ADDRESSES), installed["addresses"][name]


def test_every_name_that_litellm_reads_is_reserved_or_a_chat_parameter(
    installed: Installed,
) -> None:
    missing = set(installed["read_names"]) - reserved() - PARAMETERS - HANDLED

    assert not missing, "new in upstream/litellm/reserved.txt: " + " ".join(sorted(missing))
    assert len(installed["read_names"]) > 300


def test_no_name_is_reserved_and_a_chat_parameter() -> None:
    assert reserved() & (PARAMETERS | HANDLED) == set()


def test_the_reserved_names_are_in_order_and_each_stands_once() -> None:
    assert len(reserved()) > 900
    assert not [name for name in reserved() if not name.strip() or " " in name]
