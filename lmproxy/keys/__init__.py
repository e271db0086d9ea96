"""Who is calling? A presented secret in, a `Caller` out, or 401.

- `keyring`: every virtual key's digest, found in a dict
- `files`: the machine-written key files of `keys_dir`
"""

from lmproxy.keys.keyring import PLACEHOLDERS, KeyRing, KeyRingBuilder, key_id

__all__ = ["PLACEHOLDERS", "KeyRing", "KeyRingBuilder", "key_id"]
