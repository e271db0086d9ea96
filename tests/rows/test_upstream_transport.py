"""Rows U001 to U005: the way to a provider, and what happens before it begins to answer.

A plain answer is waited for `answer_s`, a streamed one `first_byte_s`; `hasty`: 3 s and 0.6 s.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import UPSTREAM_KEY, base_config
from tests.harness.answer import ask, client_of
from tests.harness.deadlines import SOON_S, assert_ended_at
from tests.harness.proxy import Proxy
from tests.harness.verdict import Verdict
from tests.provider import faults, ports
from tests.provider.certificates import OLD_TLS, Certificates
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.server import PLAINTEXT, Provider

PLAIN_AND_STREAM = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
HASTY = {"connect_s": 0.5, "first_byte_s": 0.6, "answer_s": 0.6}
TLS_CASES = ("expired", "wrong_host", "unknown_authority", "self_signed", "old", "plaintext")


@pytest.fixture
def verdict(proxy: Proxy, provider: Provider) -> Verdict:
    return Verdict(proxy, provider)


@contextlib.contextmanager
def outskirts(
    provider: Provider, folder: Path, bases: dict[str, str], **more: Any
) -> Iterator[Proxy]:
    """A proxy with a connection to each of these bases; `name/MODEL` goes there."""
    config = base_config(provider)
    common = {"api_type": "openai", "api_key": UPSTREAM_KEY, "timeouts": HASTY, **more}
    config["connections"] = {name: {**common, "api_base": base} for name, base in bases.items()}
    config["routing"] = {f"{name}/*": f"{name}.{{1}}" for name in bases}
    del config["groups"]["guests"]
    with Proxy(config, folder) as running:
        yield running


@pytest.fixture(scope="module")
def nobody(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy whose connections lead to no provider."""
    with ports.closed_port() as closed, ports.black_hole() as hole, ports.silent_port() as silent:
        bases = {
            "closed": f"http://127.0.0.1:{closed}/v1",
            "nameless": "http://nowhere.invalid/v1",
            "no-route": "http://255.255.255.255/v1",
            "hole": f"http://127.0.0.1:{hole}/v1",
            "silent": f"http://127.0.0.1:{silent}/v1",
            "silent-tls": f"https://127.0.0.1:{silent}/v1",
        }
        with outskirts(provider, tmp_path_factory.mktemp("nobody"), bases) as running:
            yield running


@PLAIN_AND_STREAM
@pytest.mark.parametrize("connection", ["closed", "nameless", "no-route"])
def test_U001_a_provider_that_cannot_be_reached_is_said_at_once(
    nobody: Proxy, provider: Provider, connection: str, stream: bool
) -> None:
    with client_of(nobody) as client:
        answer = ask(client, f"{connection}/u001", stream=stream)

    Verdict(nobody, provider).failed(answer, 502, "upstream_unreachable", sent=0)
    assert answer.duration_s < SOON_S


@PLAIN_AND_STREAM
@pytest.mark.parametrize("connection", ["hole", "silent-tls"])
def test_U002_a_connection_that_does_not_come_about_ends_at_the_connect_deadline(
    nobody: Proxy, provider: Provider, connection: str, stream: bool
) -> None:
    with client_of(nobody) as client:
        answer = ask(client, f"{connection}/u002", stream=stream)

    Verdict(nobody, provider).failed(answer, 504, "upstream_timeout", sent=0)
    assert_ended_at(0.5, answer.duration_s)


@pytest.fixture(scope="module")
def tls_providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Provider]]:
    """A provider for each case of TLS, and `good`; `ca_file` lies in the folder `tls`."""
    with contextlib.ExitStack() as stack:
        made = Certificates(tmp_path_factory.mktemp("tls"))
        contexts = {
            case: None if case in ("old", "plaintext") else getattr(made, case)()
            for case in (*TLS_CASES, "good")
        }
        running = {
            case: stack.enter_context(Provider(tls, to_tls=OLD_TLS if case == "old" else PLAINTEXT))
            for case, tls in contexts.items()
        }
        yield running


@pytest.fixture(scope="module")
def over_tls(
    provider: Provider, tls_providers: dict[str, Provider], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """A proxy that trusts one authority, with a connection to each case of TLS."""
    ca_file = tmp_path_factory.getbasetemp() / "tls0" / "authority.pem"
    bases = {case: f"https://127.0.0.1:{it.port}/v1" for case, it in tls_providers.items()}
    folder = tmp_path_factory.mktemp("over-tls")
    with outskirts(provider, folder, bases, ca_file=str(ca_file)) as running:
        yield running


@PLAIN_AND_STREAM
@pytest.mark.parametrize("case", TLS_CASES)
def test_U003_tls_that_proves_nothing_is_refused(
    over_tls: Proxy, tls_providers: dict[str, Provider], case: str, stream: bool
) -> None:
    with client_of(over_tls) as client:
        answer = ask(client, f"{case}/u003", stream=stream)

    Verdict(over_tls, tls_providers[case]).failed(answer, 502, "upstream_tls_error", sent=0)


def test_U003_tls_of_the_configured_authority_is_accepted(
    over_tls: Proxy, tls_providers: dict[str, Provider]
) -> None:
    with client_of(over_tls) as client:
        answer = ask(client, "good/u003")

    Verdict(over_tls, tls_providers["good"]).answered(answer)


def test_U003_without_a_ca_file_only_public_authorities_are_trusted(
    tls_providers: dict[str, Provider], tmp_path: Path
) -> None:
    good = tls_providers["good"]
    with outskirts(good, tmp_path, {"good": good.base_url}) as proxy, client_of(proxy) as client:
        answer = ask(client, "good/u003-public")

        Verdict(proxy, good).failed(answer, 502, "upstream_tls_error", sent=0)


@PLAIN_AND_STREAM
@pytest.mark.parametrize("fault", [faults.reset_after_request, faults.eof_after_request])
def test_U004_a_request_that_went_out_is_never_sent_again(
    team: httpx.Client, provider: Provider, verdict: Verdict, fault: Behaviour, stream: bool
) -> None:
    model = f"u004-{fault.__name__}-{stream}"
    provider.on(model, fault)

    answer = ask(team, model, stream=stream)

    verdict.failed(answer, 502, "upstream_error", sent=1)


@pytest.mark.parametrize(
    ("fault", "stream", "deadline_s"),
    [
        pytest.param(faults.never_answers, False, 3, id="plain"),
        pytest.param(faults.never_answers, True, 0.6, id="stream"),
        pytest.param(faults.silence_after_stream_head, True, 0.6, id="stream, only a head"),
    ],
)
def test_U005_silence_before_the_answer_ends_at_its_deadline(
    team: httpx.Client,
    provider: Provider,
    verdict: Verdict,
    fault: Behaviour,
    stream: bool,
    deadline_s: float,
) -> None:
    model = f"u005-{fault.__name__}-{stream}"
    provider.on(model, fault)

    answer = ask(team, f"hasty/{model}", stream=stream)
    provider.wait_for_disconnect(model)

    verdict.failed(answer, 504, "upstream_timeout")
    assert_ended_at(deadline_s, answer.duration_s)


@PLAIN_AND_STREAM
def test_U005_a_port_that_accepts_and_is_silent_ends_at_the_deadline(
    nobody: Proxy, provider: Provider, stream: bool
) -> None:
    with client_of(nobody) as client:
        answer = ask(client, "silent/u005", stream=stream)

    Verdict(nobody, provider).failed(answer, 504, "upstream_timeout", sent=0)
    assert_ended_at(0.6, answer.duration_s)


def test_U005_a_late_head_does_not_prolong_the_wait_for_the_first_event(
    provider: Provider, tmp_path: Path
) -> None:
    async def late_head(exchange: Exchange) -> None:
        await exchange.pause(2.2)
        await faults.silence_after_stream_head(exchange)

    config = base_config(provider)
    config["connections"]["up"]["timeouts"] = {"first_byte_s": 2.5}
    provider.on("u005-late-head", late_head)

    with Proxy(config, tmp_path) as proxy, client_of(proxy) as client:
        answer = ask(client, "u005-late-head", stream=True)

        Verdict(proxy, provider).failed(answer, 504, "upstream_timeout")
    assert_ended_at(2.5, answer.duration_s)


def test_U005_a_head_that_drips_ends_at_the_deadline(
    team: httpx.Client, provider: Provider, verdict: Verdict
) -> None:
    async def dripping_head(exchange: Exchange) -> None:
        await exchange.send_raw(b"HTTP/1.1 200 OK\r\nX-Filler: ")
        while True:
            await exchange.send_raw(b"a")
            await exchange.pause(0.05)

    provider.on("u005-drip", dripping_head)

    answer = ask(team, "hasty/u005-drip", stream=True)

    verdict.failed(answer, 504, "upstream_timeout")
    assert answer.duration_s < SOON_S
