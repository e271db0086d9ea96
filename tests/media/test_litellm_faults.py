"""What becomes of pictures and sound through LiteLLM's functions when the provider fails."""

import httpx
import pytest

from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.media.test_images import change, make
from tests.media.uploading import model_of, say, transcribe
from tests.provider import faults, media, refusals
from tests.provider.behaviours import plain
from tests.provider.exchange import Behaviour
from tests.provider.server import Provider


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        pytest.param(refusals.rate_limited(), 429, "rate_limit_exceeded", id="429"),
        pytest.param(refusals.unauthorized, 502, "upstream_auth_error", id="401"),
        pytest.param(plain({"x": 1}), 502, "upstream_invalid_response", id="other"),
        pytest.param(
            media.text("<html>", "text/html"), 502, "upstream_invalid_response", id="page"
        ),
        pytest.param(
            plain({"error": {"message": "no", "type": "rate_limit_error"}}), 429, None, id="error"
        ),
        pytest.param(faults.reset_after_request, 502, "upstream_error", id="reset"),
        pytest.param(faults.never_answers, 504, "upstream_timeout", id="silence"),
    ],
)
@pytest.mark.parametrize("operation", ["draw", "change", "hear", "say"])
def test_a_failing_provider_is_told_apart_and_asked_once(
    operations: Proxy,
    provider: Provider,
    client: httpx.Client,
    behaviour: Behaviour,
    status: int,
    code: str,
    operation: str,
    request: pytest.FixtureRequest,
) -> None:
    name = model_of(request)
    provider.on(name, behaviour)

    asking = {"draw": make, "change": change, "hear": transcribe, "say": say}[operation]
    answer = asking(
        client, f"hasty-litellm/{name}", **({"prompt": "x"} if operation == "change" else {})
    )

    assert_refused(answer, status, code)
    assert len(provider.requests_for(name)) == 1
    record = operations.record(id=answer.headers["x-request-id"])
    assert record["outcome"] == "upstream_failed"
