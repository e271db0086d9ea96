"""The key of a service account that does not exist, for a token that the replay gives away."""

import functools
import json

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_KEY_BITS = 2048


def service_account(token_uri: str) -> str:
    """What Google's console would let one download, as JSON."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "oracle",
            "private_key_id": "0123456789abcdef",
            "private_key": _private_key(),
            "client_email": "oracle@oracle.iam.gserviceaccount.com",
            "client_id": "100000000000000000000",
            "token_uri": token_uri,
        }
    )


@functools.cache
def _private_key() -> str:
    return (
        rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )
