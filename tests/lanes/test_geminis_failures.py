"""Why Gemini gave no answer, in its own word."""

import pytest

from tests.lanes.way import WAYS, Way
from tests.provider import behaviours

GEMINIS = [way for way in WAYS if way[1] == "google"]


@pytest.mark.parametrize("way", GEMINIS, ids="-".join, indirect=True)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("MALFORMED_FUNCTION_CALL", "nothing in it: it ended with MALFORMED_FUNCTION_CALL."),
        ("STOP", "nothing in it."),
        ("sk-of-the-operator <b>", "nothing in it."),
    ],
    ids=["malformed", "stop", "no word"],
)
def test_an_answer_with_nothing_in_it_says_why(
    way: Way, stream: bool, word: str, words: str
) -> None:
    model = f"gemini-{len(word)}-{stream}"
    candidate = {"content": {"role": "model", "parts": []}, "finishReason": word, "index": 0}
    counts = {"promptTokenCount": 9, "candidatesTokenCount": 0, "totalTokenCount": 9}
    answer = {"candidates": [candidate], "usageMetadata": counts}
    way.on(model, behaviours.chunks([answer]) if stream else behaviours.plain(answer))

    heard = way.ask(model, stream=stream)

    assert (heard.status, heard.error["code"]) == (502, "upstream_invalid_response")
    assert words in heard.error["message"]
