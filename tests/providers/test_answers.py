"""What a model says arrives, whichever provider it is at and however the answer gets here."""

import openai
import pytest

from tests.harness.aimock import Aimock
from tests.harness.proxy import Proxy
from tests.providers import cases
from tests.providers.asking import ask, user
from tests.providers.ways import WAYS, Way

COUNTS = (cases.PROMPT_TOKENS, cases.COMPLETION_TOKENS)
every_way = pytest.mark.parametrize("way", WAYS, ids=str)


def counts_of(way: Way) -> tuple[int, int, int]:
    prompt, completion = COUNTS if way.kind.counts else (0, 0)
    return prompt, completion, prompt + completion


@every_way
def test_a_text_arrives_with_its_finish_reason_and_token_counts(
    sdk: openai.OpenAI, way: Way, stream: bool
) -> None:
    options = {"stream_options": {"include_usage": True}} if stream else {}

    heard = ask(sdk, way.model, user("text"), stream=stream, **options)

    assert heard.text == cases.TEXT
    assert heard.reasons == ["stop"]
    assert heard.counts == [counts_of(way)]
    assert heard.error is None


@every_way
def test_a_stream_arrives_in_pieces_and_counts_tokens_only_for_who_asked(
    sdk: openai.OpenAI, way: Way
) -> None:
    heard = ask(sdk, way.model, user("text"), stream=True)

    assert heard.text == cases.TEXT
    assert heard.pieces >= (3 if way.kind.streams else 2)
    assert heard.usages == []


@pytest.mark.parametrize("way", [way for way in WAYS if way.kind.reasons], ids=str)
def test_what_the_model_thought_arrives_beside_what_it_says(
    sdk: openai.OpenAI, way: Way, stream: bool
) -> None:
    heard = ask(sdk, way.model, user("think"), stream=stream)

    assert (heard.reasoning, heard.text) == (cases.THOUGHT, cases.TEXT)


@pytest.mark.parametrize("way", [way for way in WAYS if way.kind.says_length], ids=str)
def test_an_answer_that_got_too_long_says_so(
    sdk: openai.OpenAI, everywhere: Proxy, way: Way, stream: bool
) -> None:
    heard = ask(sdk, way.model, user("too long"), stream=stream)

    assert heard.reasons == ["length"]
    assert everywhere.record(id=heard.id)["finish_reason"] == "length"


@every_way
def test_the_record_says_who_asked_whom_over_which_lane_and_for_how_much(
    sdk: openai.OpenAI, everywhere: Proxy, way: Way, stream: bool
) -> None:
    heard = ask(sdk, way.model, user("text"), stream=stream)

    record = everywhere.record(id=heard.id)
    assert (record["outcome"], record["status"], record["error_code"]) == ("answered", 200, None)
    assert (record["connection"], record["lane"]) == (str(way), way.lane)
    assert (record["rule"], record["key_id"]) == (f"{way}/*", "team")
    assert (record["model_asked"], record["model_used"]) == (way.model, way.kind.model)
    assert (record["finish_reason"], record["stream"]) == ("stop", stream)
    usage = record["usage"]
    counted = (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"])
    assert (counted, usage["source"]) == (counts_of(way), "provider")


@every_way
def test_the_provider_sees_a_request_of_this_proxy_and_not_of_the_library_that_made_it(
    sdk: openai.OpenAI, aimock: Aimock, way: Way
) -> None:
    question = f"text by {way}"

    ask(sdk, way.model, user(question), stream=False)

    (request,) = aimock.requests(question)
    assert request["headers"]["user-agent"].startswith("oai-proxy/")
    assert "litellm" not in str(request["headers"]).lower()
    assert "authorization" in request["headers"] or way.kind.has_key
    assert ("x-amz-date" in request["headers"]) is (way.provider == "bedrock")  # It is signed.
