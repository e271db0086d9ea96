"""Embeddings: every form of input and of vector, by relay and through LiteLLM."""

import base64
import struct
from typing import Any

import httpx
import pytest

from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.provider import answers
from tests.provider.behaviours import VECTOR, plain
from tests.provider.server import Provider

LANES = ("relay", "litellm")
BASE64 = base64.b64encode(struct.pack(f"<{len(VECTOR)}f", *VECTOR)).decode()
FORMS = {"float": list(VECTOR), "base64": BASE64}
INPUTS: dict[str, Any] = {
    "a text": "hello",
    "texts": ["hello", "there"],
    "tokens": [1, 2, 3],
    "lists of tokens": [[1, 2], [3]],
}
NO_VECTORS = {"a text": ["a"], "nothing": [None], "a table": {"a": 1}, "a number": 7}


def embed(client: httpx.Client, model: str, given: Any = "hello", **more: Any) -> httpx.Response:
    return client.post("/embeddings", json={"model": model, "input": given, **more})


@pytest.mark.parametrize("asked", [None, "float", "base64"])
@pytest.mark.parametrize("given", FORMS)
@pytest.mark.parametrize("lane", LANES)
def test_the_client_gets_vectors_in_the_form_it_asked_for(
    operations: Proxy, provider: Provider, client: httpx.Client, lane: str, given: str, asked: str
) -> None:
    name = f"embed-{lane}-{given}-{asked}"
    provider.on(name, plain(answers.embeddings_answer([FORMS[given], FORMS[given]])))

    answer = embed(client, f"{lane}/{name}", **({"encoding_format": asked} if asked else {}))

    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert [item["embedding"] for item in data] == [FORMS[asked or "float"]] * 2
    assert [(item["object"], item["index"]) for item in data] == [
        ("embedding", 0),
        ("embedding", 1),
    ]
    record = operations.record(id=answer.headers["x-request-id"])
    assert (record["operation"], record["lane"]) == ("embeddings", lane)
    assert (record["usage"]["prompt_tokens"], record["usage"]["source"]) == (9, "provider")


@pytest.mark.parametrize("given", INPUTS.values(), ids=INPUTS)
@pytest.mark.parametrize("lane", LANES)
def test_every_form_of_input_reaches_the_provider_as_it_is(
    provider: Provider, client: httpx.Client, lane: str, given: Any
) -> None:
    name = f"input-{lane}-{len(str(given))}"

    answer = embed(client, f"{lane}/{name}", given, user="tessa", dimensions=3)

    assert answer.status_code == 200, answer.text
    (sent,) = provider.requests_for(name)
    assert sent.json is not None
    assert sent.path == "/v1/embeddings"
    assert sent.json["input"] == given
    assert (sent.json["user"], sent.json.get("dimensions")) == (
        "tessa",
        3 if lane == "relay" else None,
    )
    dropped = answer.headers.get("x-oai-proxy-dropped-params")
    assert dropped == (None if lane == "relay" else "dimensions")


def test_relayed_bytes_are_untouched(provider: Provider, client: httpx.Client) -> None:
    body = b'{ "object":"list","data":[{"embedding" : [1e-3, 0.10],"index":0}],"x": 1.50 }'
    provider.on("bytes-embed", plain(body))

    answer = embed(client, "relay/bytes-embed")

    assert answer.content == body


def test_a_long_answer_in_the_other_form_is_changed_as_a_whole(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    vector = [0.5] * 3000
    provider.on("long-embed", plain(answers.embeddings_answer([vector] * 40)))

    answer = embed(client, "relay/long-embed", encoding_format="base64")

    data = answer.json()["data"]
    assert len(data) == 40
    assert all(
        list(struct.unpack("<3000f", base64.b64decode(i["embedding"]))) == vector for i in data
    )
    record = operations.record(id=answer.headers["x-request-id"])
    assert record["usage"]["prompt_tokens"] == 9


@pytest.mark.parametrize("vector", NO_VECTORS.values(), ids=NO_VECTORS)
@pytest.mark.parametrize("lane", LANES)
def test_what_is_no_vector_is_the_providers_fault(
    provider: Provider, client: httpx.Client, lane: str, vector: object
) -> None:
    name = f"no-vector-{lane}-{len(str(vector))}"
    body = answers.embeddings_answer([list(VECTOR), vector])
    provider.on(name, plain(body))

    answer = embed(client, f"{lane}/{name}", encoding_format="base64")

    assert_refused(answer, 502, "upstream_invalid_response")


def test_an_empty_or_missing_input_is_refused(client: httpx.Client) -> None:
    assert_refused(embed(client, "relay/x", ""), 400, "invalid_value", "input")
    assert_refused(embed(client, "relay/x", []), 400, "invalid_value", "input")
    assert_refused(embed(client, "relay/x", 7), 400, "invalid_type", "input")
    missing = client.post("/embeddings", json={"model": "relay/x"})
    assert_refused(missing, 400, "missing_required_parameter", "input")


def test_a_model_whose_provider_has_none_is_a_clear_404(client: httpx.Client) -> None:
    assert_refused(embed(client, "none/some-model"), 404, "operation_not_supported", "model")


def test_token_numbers_for_who_takes_texts_alone_are_named(client: httpx.Client) -> None:
    answer = client.post(
        "/embeddings", json={"model": "google/gemini-embedding-001", "input": [1, 2, 3]}
    )

    assert_refused(answer, 400, "untranslatable_request", "input")
