"""OpenAI's SDKs, both majors, on every operation, relayed and through LiteLLM."""

import pytest

from tests.conftest import TEAM_KEY
from tests.harness.proxy import Proxy
from tests.harness.sdks import NODES, PYTHONS, OpenAISdk
from tests.operations.asking import COMPLETION, MODERATION
from tests.provider import answers
from tests.provider.behaviours import VECTOR, chunks, good_answer, plain
from tests.provider.exchange import Exchange
from tests.provider.server import Provider


async def by_path(exchange: Exchange) -> None:
    """Answer each operation well; vectors always as floats, whatever is asked for."""
    path = exchange.request.path.rpartition("/")[2]
    if path == "moderations":
        await plain(MODERATION)(exchange)
    elif path == "completions" and "chat" not in exchange.request.path:
        frame = {**COMPLETION, "usage": None}
        texts = [{"index": 0, "text": text, "finish_reason": None} for text in ("He", "llo")]
        texts[-1]["finish_reason"] = "stop"
        stream = chunks([{**frame, "choices": [text]} for text in texts])
        await (stream if exchange.request.is_stream else plain(COMPLETION))(exchange)
    elif path == "embeddings":
        given = (exchange.request.json or {})["input"]
        count = len(given) if isinstance(given, list) else 1
        await plain(answers.embeddings_answer([list(VECTOR)] * count))(exchange)
    else:
        await good_answer(exchange)


@pytest.mark.parametrize("lane", ["relay", "litellm"])
@pytest.mark.parametrize("sdk", [*PYTHONS, *NODES], ids=str)
def test_every_operation_reads_as_the_sdk_promises(
    operations: Proxy, provider: Provider, sdk: OpenAISdk, lane: str
) -> None:
    name = f"sdk-{sdk.major}-{lane}"
    provider.on(name, by_path)

    seen = sdk.saw("use_operations", operations.api, TEAM_KEY, f"{lane}/{name}", f"none/{name}")

    relayed = lane == "relay"
    assert seen == {
        "usual": [list(VECTOR)] * 2,
        "floats": [list(VECTOR)],
        "tokens": [list(VECTOR)] * 2,
        "text": " there" if relayed else "Hello there",
        "streamed": "Hello" if relayed else "Hello there",
        "reasons": "stop",
        "flagged": True,
        "categories": [True, False],
        "bridged": "Hello there",
        "absent": ["NotFoundError", 404, "operation_not_supported"],
    }
