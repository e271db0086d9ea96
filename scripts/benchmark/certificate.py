"""A certificate of nobody's for a gateway that speaks TLS, and a client that takes any."""

import ssl
from pathlib import Path

import trustme


def written(folder: Path) -> tuple[str, str]:
    """The paths of a certificate for loopback and of its key, made in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    issued = trustme.CA().issue_cert("127.0.0.1")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    return str(certificate), str(key)


def any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
