"""The provider and the proxy most tests share. Rows choose a fault by the model they ask for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from tests.harness.proxy import Proxy
from tests.provider.server import Provider

TEAM_KEY = "team-key-0123456789abcdef0123"
GUEST_KEY = "guest-key-0123456789abcdef012"
UPSTREAM_KEY = "sk-upstream-canary-0123456789abcdef"


def base_config(provider: Provider) -> dict[str, Any]:
    """A config with one provider under several names, and two groups.

    `up` has generous deadlines, `hasty` ones short enough to wait for and far enough
    apart to be told from each other; `other` is not for guests.
    """
    up = {"api_type": "openai", "api_base": provider.base_url, "api_key": UPSTREAM_KEY}
    hasty = {
        "connect_s": 0.5,
        "first_byte_s": 0.6,
        "answer_s": 3,
        "silence_s": 0.6,
        "total_s": 4,
    }
    return {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {"up": up, "hasty": {**up, "timeouts": hasty}, "other": up},
        "routing": {"hasty/*": "hasty.{1}", "other/*": "other.{1}", "*": "up.*"},
        "groups": {
            "team": {"api_keys": [{"key": TEAM_KEY, "owner": "tessa"}]},
            "guests": {"api_keys": [GUEST_KEY], "allowed_connections": ["up", "hasty"]},
        },
    }


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--lane",
        choices=("auto", "translate", "litellm"),
        default="auto",
        help="the lane that every proxy under test takes, unless its config says one itself",
    )


def pytest_configure(config: pytest.Config) -> None:
    Proxy.lane = config.getoption("--lane")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what holds for the relay lane alone while another is tested, saying why."""
    lane = config.getoption("--lane")
    for item in items:
        mark = item.get_closest_marker("relay_only")
        if mark is not None and lane != "auto":
            item.add_marker(pytest.mark.skip(reason=f"of the relay lane alone: {mark.args[0]}"))


@pytest.fixture(scope="session", autouse=True)
def _one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Trust one authority, which nobody has a certificate of, in place of everybody's.

    No test asks the world, and a client that reads certifi's list takes 35 ms to make.
    """
    ca_file = tmp_path_factory.mktemp("authority") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(ca_file))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(ca_file))
        yield


@pytest.fixture(scope="session")
def shared_provider() -> Iterator[Provider]:
    with Provider(shared=True) as running:
        yield running


@pytest.fixture(scope="session")
def provider(shared_provider: Provider) -> Provider:
    """The one most tests share; a folder or file that wants one of its own overrides it."""
    return shared_provider


@pytest.fixture(autouse=True)
def _no_memory_of_other_tests(shared_provider: Provider) -> Iterator[None]:
    yield
    shared_provider.forget()


@pytest.fixture(scope="session")
def proxy(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder: Path = tmp_path_factory.mktemp("proxy")
    with Proxy(base_config(provider), folder) as running:
        yield running


@pytest.fixture
def team(proxy: Proxy) -> Iterator[httpx.Client]:
    """A client with a good key; paths are below the API prefix."""
    headers = {"authorization": f"Bearer {TEAM_KEY}"}
    with httpx.Client(base_url=proxy.api, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def guest(proxy: Proxy) -> Iterator[httpx.Client]:
    """A client whose group may not use the connection `other`."""
    headers = {"authorization": f"Bearer {GUEST_KEY}"}
    with httpx.Client(base_url=proxy.api, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """A client without a key, for any proxy."""
    with httpx.Client(timeout=60) as client:
        yield client


def bearer(key: str) -> dict[str, str]:
    """The headers of a client with this key."""
    return {"authorization": f"Bearer {key}"}


def chat(model: str, **more: Any) -> dict[str, Any]:
    """A small chat request."""
    return {"model": model, "messages": [{"role": "user", "content": "Say hello."}], **more}
