"""What does a first config look like? The answers in, the text of a file out, with its reasons."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answers:
    """What is to be said in it.

    Attributes:
        provider: an `api_type`, also the name of the connection.
        api_base: `None` for the provider's public address.
        api_key: a reference to the provider's key, as `env:NAME`; `None` if it needs none.
        lists: whether the provider can be asked for its models.
        sha256: the digest of the group's key, in hex.
    """

    provider: str
    api_base: str | None
    api_key: str | None
    lists: bool
    host: str
    port: int
    group: str
    sha256: str


HEAD = """\
# A config of oai-proxy. `oai-proxy check` says what is wrong with it; config.example.toml, beside
# the program's source, shows every key there is, and docs/ says how they go together.

# Address to listen on: "127.0.0.1" is this machine alone, "0.0.0.0" every address it has.
host = {host}
port = {port}
{listing}
# --- Where models are: as many connections as you like.
[connections.{provider}]
api_type = {api_type}
"""
LISTING = """\
# /v1/models shows what the provider lists, not the pattern of the rule below.
model_listing_mode = "expand_wildcards"
"""
API_BASE = """\
# Its base URL.
api_base = {api_base}
"""
API_KEY = """\
# The key at the provider is read from there, so that it does not stand here.
api_key = {api_key}
"""
TAIL = """\

# --- Which model goes where: "name or pattern" = "connection.model". The first match wins; `*` as
# the model is the name as it was asked. Here every name goes to the one connection.
[routing]
"*" = {target}

# --- Who may use what: a group has keys and, unless it says otherwise, everything.
[groups.{group}]
# SHA-256 digests, so that nobody who reads this file can use a key. One more, and its digest:
#   key=$(openssl rand -hex 24); echo "$key"; printf %s "$key" | sha256sum
api_keys = [
  {key},
]
# Patterns on the names its members may ask for. Without this line all.
# allowed_models = ["*"]
"""


def text_of(answers: Answers) -> str:
    """The file."""
    parts = [
        HEAD.format(
            host=_toml(answers.host),
            port=answers.port,
            listing=LISTING if answers.lists else "",
            provider=answers.provider,
            api_type=_toml(answers.provider),
        )
    ]
    if answers.api_base:
        parts.append(API_BASE.format(api_base=_toml(answers.api_base)))
    if answers.api_key:
        parts.append(API_KEY.format(api_key=_toml(answers.api_key)))
    target, key = f"{answers.provider}.*", f"sha256:{answers.sha256}"
    parts.append(TAIL.format(target=_toml(target), group=answers.group, key=_toml(key)))
    return "".join(parts)


def _toml(text: str) -> str:
    """As a TOML string. What JSON escapes, TOML reads alike; DEL is all that it leaves open."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
