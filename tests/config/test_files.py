"""Files that the config names are looked at when it starts, not at the first request."""

from pathlib import Path

import pytest
import trustme

from tests.harness import configs

GARBAGE = "-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----\n"
NOT_A_CHAIN = "is not a readable PEM certificate chain that belongs to ssl_keyfile"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def pem(authority: trustme.CA, tmp_path: Path) -> dict[str, Path]:
    """Files: a chain, its key, the key of another chain, an authority, and no PEM at all."""
    ours, other = authority.issue_cert("localhost"), authority.issue_cert("localhost")
    files = {name: tmp_path / name for name in ("chain", "key", "other", "ca", "garbage")}
    files["chain"].write_bytes(b"".join(part.bytes() for part in ours.cert_chain_pems))
    files["key"].write_bytes(ours.private_key_pem.bytes())
    files["other"].write_bytes(other.private_key_pem.bytes())
    files["ca"].write_bytes(authority.cert_pem.bytes())
    files["garbage"].write_text(GARBAGE)
    return files


def tls(chain: Path, key: Path) -> str:
    return configs.text(top=f"ssl_certfile = '{chain}'\nssl_keyfile = '{key}'")


def test_a_chain_with_its_key_is_fine(pem: dict[str, Path], tmp_path: Path) -> None:
    assert configs.problems(tmp_path, tls(pem["chain"], pem["key"])) == []


@pytest.mark.parametrize(
    ("chain", "key"), [("chain", "other"), ("garbage", "key"), ("chain", "garbage")]
)
def test_a_chain_and_a_key_that_do_not_fit_are_told_before_the_first_request(
    chain: str, key: str, pem: dict[str, Path], tmp_path: Path
) -> None:
    found = configs.problems(tmp_path, tls(pem[chain], pem[key]))

    assert found == [f"line 2: ssl_certfile: {NOT_A_CHAIN}"]


def test_a_certificate_file_that_is_not_there_is_told(pem: dict[str, Path], tmp_path: Path) -> None:
    found = configs.problems(tmp_path, tls(tmp_path / "absent", pem["key"]))

    assert found == ["line 2: ssl_certfile: there is no such file"]


@pytest.mark.parametrize(
    ("given", "missing"), [("ssl_keyfile", "ssl_certfile"), ("ssl_certfile", "ssl_keyfile")]
)
def test_half_of_tls_is_not_plain_http_but_an_error(
    given: str, missing: str, pem: dict[str, Path], tmp_path: Path
) -> None:
    content = configs.text(top=f"{given} = '{pem['chain']}'")

    assert configs.problems(tmp_path, content) == [f"line 2: {given}: needs {missing} beside it"]


def test_the_authorities_of_a_connection_are_looked_at(
    pem: dict[str, Path], tmp_path: Path
) -> None:
    said = {
        name: configs.problems(tmp_path, configs.text(connection=f"ca_file = '{tmp_path / name}'"))
        for name in ("ca", "garbage", "absent")
    }

    assert said == {
        "ca": [],
        "garbage": ["line 6: connections.up.ca_file: is not a readable PEM file of certificates"],
        "absent": ["line 6: connections.up.ca_file: there is no such file"],
    }


def test_a_secret_in_place_of_a_path_is_not_shown(tmp_path: Path) -> None:
    content = configs.text(top='ssl_keyfile = "env:PEM"\nssl_certfile = "env:PEM"')

    found = configs.problems(tmp_path, content, PEM="canary-4711-in-the-wrong-place")

    assert len(found) == 2
    assert "canary-4711" not in "".join(found)
