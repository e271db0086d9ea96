"""A proxy before every provider that aimock emulates, and the official SDK as its client."""

from collections.abc import Iterator

import openai
import pytest

from tests.conftest import TEAM_KEY
from tests.harness.aimock import Aimock
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.oracle.service_account import service_account
from tests.provider import behaviours
from tests.provider.server import Provider
from tests.providers.cases import fixtures
from tests.providers.ways import PROVIDER_KEY, config

LOADED_S = 90
GOOGLE_TOKEN = "google-token-0123456789abcdef"


@pytest.fixture(scope="session")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aimock]:
    with Aimock(fixtures(), tmp_path_factory.mktemp("aimock")) as running:
        yield running


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aimock]:
    """The same with a lock: the operator's key has to arrive."""
    with Aimock(fixtures(), tmp_path_factory.mktemp("locked"), PROVIDER_KEY) as running:
        yield running


@pytest.fixture(scope="session")
def google() -> Iterator[dict[str, str]]:
    """A service account, and the server that gives it tokens."""
    token = {"access_token": GOOGLE_TOKEN, "expires_in": 3600, "token_type": "Bearer"}
    with Provider() as tokens:
        tokens.on("", behaviours.plain(token))
        yield {
            "vertex_project": "team",
            "vertex_location": "europe-west4",
            "vertex_credentials": service_account(tokens.base_url),
        }


@pytest.fixture(scope="session")
def everywhere(
    aimock: Aimock,
    locked: Aimock,
    google: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Proxy]:
    """The proxy before all of them, once it would not keep a stream waiting for LiteLLM."""
    folder = tmp_path_factory.mktemp("providers")
    with Proxy(config(aimock.url, locked.url, google), folder) as running:
        until(lambda: running.log("LiteLLM is loaded"), "LiteLLM", LOADED_S)
        yield running


@pytest.fixture(scope="session")
def sdk(everywhere: Proxy) -> Iterator[openai.OpenAI]:
    """One key for every provider."""
    with openai.OpenAI(base_url=everywhere.api, api_key=TEAM_KEY, max_retries=0) as client:
        yield client


@pytest.fixture(params=[False, True], ids=["plain", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)
