"""One proxy that takes every way through LiteLLM: two lanes, to providers of two forms."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import UPSTREAM_KEY, base_config
from tests.harness.answer import client_of
from tests.harness.proxy import Proxy
from tests.lanes.way import WAYS, Way
from tests.provider import ports
from tests.provider.server import Provider


@pytest.fixture(scope="session")
def lanes(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with the connections LANE-KIND, and PACE-LANE-KIND for more.

    `hasty` has short deadlines; `narrow` takes two requests at once as well; `closed` and `hole`
    lead to no provider.
    """
    with ports.closed_port() as closed, ports.black_hole() as hole:
        config = lanes_config(provider, {"closed": closed, "hole": hole})
        with Proxy(config, tmp_path_factory.mktemp("lanes")) as running:
            yield running


def lanes_config(provider: Provider, nowhere: dict[str, int]) -> dict[str, Any]:
    """The config; `nowhere` are the ports of connections that lead to no provider."""
    config = base_config(provider)
    hasty = config["connections"]["hasty"]["timeouts"]
    connections: dict[str, Any] = {}
    for lane, kind in WAYS:
        base = f"http://127.0.0.1:{provider.port}"
        own = {"api_type": kind, "api_base": base, "api_key": UPSTREAM_KEY, "lane": lane}
        connections[f"{lane}-{kind}"] = own
        connections[f"hasty-{lane}-{kind}"] = {**own, "timeouts": hasty}
        connections[f"narrow-{lane}-{kind}"] = {**own, "concurrency": 2, "timeouts": hasty}
        for name, port in nowhere.items():
            there = {"api_base": f"http://127.0.0.1:{port}", "timeouts": hasty}
            connections[f"{name}-{lane}-{kind}"] = {**own, **there}
    config["connections"] = connections
    config["routing"] = {f"{name}/*": f"{name}.{{1}}" for name in connections}
    del config["groups"]["guests"]
    return config


@pytest.fixture(params=WAYS, ids="-".join)
def way(request: pytest.FixtureRequest, lanes: Proxy, provider: Provider) -> Iterator[Way]:
    with client_of(lanes) as client:
        lane, kind = request.param
        yield Way(lane, kind, lanes, provider, client)
