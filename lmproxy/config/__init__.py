"""What did the operator ask for? One file in, one immutable `Config` or every problem at once.

- `formats`: which of `toml_file`, `json_file`, `yaml_file`, `python_file` reads it; each gives a
  `document`
- `environment`: the only place that reads the environment and `.env` files
- `secrets`: `env:NAME`, `file:PATH`, `credential:NAME`
- `places`: the line of every key
- `values`: the kinds of values that keys have
- `schema`: every table and key, its type, default and meaning
- `problems`: what the schema found, said so that a person can mend it
- `files`: whether certificates and the like are there
- `binding`: a plugged-in class's constructor as a schema of its own
- `fallback`: the connections that stand for others, tried in turn
- `components`: the operator's own things, which modules of theirs find by name
- `lm_proxy_names`: what lm-proxy's dotted paths mean here
- `lm_proxy_config`: an lm-proxy config in our words; `lm_proxy_connection`: one of its connections,
  a `lm_proxy_table`, with `lm_proxy_clouds`; `lm_proxy_keys`: the keys and values it may have
- `load`: the steps in order
"""

from lmproxy.config.load import Config, examine, load_config

__all__ = ["Config", "examine", "load_config"]
