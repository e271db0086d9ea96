"""The proxy as its own TLS endpoint."""

import ssl
from pathlib import Path

import httpx
import openai
import trustme

from tests.conftest import TEAM_KEY, base_config, chat
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.provider.server import Provider


def test_with_a_certificate_the_proxy_speaks_https(provider: Provider, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    files = {"ssl_keyfile": "key.pem", "ssl_certfile": "cert.pem"}
    trust = ssl.create_default_context()
    authority.configure_trust(trust)

    with Proxy({**base_config(provider), **files}, tmp_path) as proxy:
        http = httpx.Client(verify=trust, timeout=patient.PATIENCE_S)
        with openai.OpenAI(base_url=proxy.api, api_key=TEAM_KEY, http_client=http) as client:
            plain = client.chat.completions.create(**chat("https"))
            chunks = list(client.chat.completions.create(**chat("https"), stream=True))

    assert proxy.url.startswith("https://127.0.0.1:")
    assert plain.choices[0].message.content
    assert chunks[-1].choices[0].finish_reason == "stop"
