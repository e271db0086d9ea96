"""A model that answers with a picture, at a provider that does not speak the Responses API."""

import openai
import pytest

from tests.harness.proxy import Proxy
from tests.provider import behaviours
from tests.provider.server import Provider
from tests.responses.conftest import ask
from tests.responses.test_bridge import streamed

MODEL = "gemini-2.5-flash-image"
PICTURE = {"inlineData": {"mimeType": "image/png", "data": "QUJD"}}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_picture_is_an_item_of_its_own(
    elsewhere: Proxy, there: openai.OpenAI, provider: Provider, stream: bool
) -> None:
    content = {"role": "model", "parts": [{"text": "Look:"}, PICTURE]}
    candidate = {"content": content, "finishReason": "STOP", "index": 0}
    counts = {"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 12}
    answer = {"candidates": [candidate], "usageMetadata": counts, "modelVersion": MODEL}
    provider.on(MODEL, behaviours.chunks([answer]) if stream else behaviours.plain(answer))
    request = ask(f"gemini/{MODEL}", "Draw.")

    response = streamed(there, request) if stream else there.responses.create(**request)

    assert response.output_text == "Look:"
    items = [item.model_dump() for item in response.output]
    pictures = [item["result"] for item in items if item["type"] == "image_generation_call"]
    assert pictures == ["QUJD"]
