"""A proxy before every provider that aimock emulates, and the official SDK as its client."""

from collections.abc import Iterator

import openai
import pytest

from tests.conftest import TEAM_KEY
from tests.harness.aimock import Aimock
from tests.harness.proxy import Proxy
from tests.providers.cases import fixtures
from tests.providers.ways import PROVIDER_KEY, config


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
def everywhere(
    aimock: Aimock, locked: Aimock, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """The proxy before all of them."""
    folder = tmp_path_factory.mktemp("providers")
    with Proxy(config(aimock.url, locked.url), folder) as running:
        yield running


@pytest.fixture(scope="session")
def sdk(everywhere: Proxy) -> Iterator[openai.OpenAI]:
    """One key for every provider."""
    with openai.OpenAI(base_url=everywhere.api, api_key=TEAM_KEY, max_retries=0) as client:
        yield client


@pytest.fixture(params=[False, True], ids=["plain", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)
