"""Who is calling? A presented secret in, a `Caller` out, or 401.

- `keyring`: every virtual key's digest, found in a dict
- `check`: or somebody else's knowledge, `api_key_check`: `web_check` asks a server;
  `verdicts` remembers what it said
- `compiling`: which of these a config asks for
- `files`: the machine-written key files of `keys_dir`
"""

from lmproxy.keys.compiling import Callers, compile_keys
from lmproxy.keys.keyring import PLACEHOLDERS, key_id

__all__ = ["PLACEHOLDERS", "Callers", "compile_keys", "key_id"]
