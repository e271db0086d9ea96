"""Who is calling? A presented secret in, a `Caller` out, or 401.

- `keyring`: every virtual key's digest, found in a dict
- `check`: or somebody else's knowledge, `api_key_check`; `verdicts` remembers what it said
- `remote`: a check that asks a server: `web_check` about each key; `jwt_check` reads tokens, by the
  signers' keys that `key_set` gets and keeps and `jwks` reads
- `keys_and_tokens`: a virtual key, or else a token
- `compiling`: which of these a config asks for
- `files`: the machine-written key files of `keys_dir`
"""

from lmproxy.keys.compiling import Callers, compile_keys
from lmproxy.keys.keyring import PLACEHOLDERS, key_id

__all__ = ["PLACEHOLDERS", "Callers", "compile_keys", "key_id"]
