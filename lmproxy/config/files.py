"""Are the files that the config names there, and what they should be? Found out at start."""

import ssl
from collections.abc import Iterator
from pathlib import Path

from lmproxy.config.load import Config
from lmproxy.config.places import KeyPath
from lmproxy.config.values import is_file
from lmproxy.problems import Problem


def wrong_files(config: Config) -> Iterator[Problem]:
    """Everything wrong with certificates and keys. Names no file: the value may be a secret's."""
    yield from _tls(config)
    for name, connection in config.settings.connections.items():
        if connection.ca_file is not None:
            yield from _authorities(config, ("connections", name, "ca_file"), connection.ca_file)


def _tls(config: Config) -> Iterator[Problem]:
    settings = config.settings
    chain, key = settings.ssl_certfile, settings.ssl_keyfile
    if bool(key) != bool(chain):
        there, missing = ("ssl_keyfile", "ssl_certfile") if key else ("ssl_certfile", "ssl_keyfile")
        yield config.problem((there,), f"needs {missing} beside it")
    files = {"ssl_certfile": chain, "ssl_keyfile": key}
    absent = [name for name, file in files.items() if file is not None and not is_file(file)]
    for name in absent:
        yield config.problem((name,), "there is no such file")
    if chain and key and not absent:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key, password="")
        except (OSError, ValueError):
            message = "is not a readable PEM certificate chain that belongs to ssl_keyfile"
            yield config.problem(("ssl_certfile",), message)


def _authorities(config: Config, path: KeyPath, file: Path) -> Iterator[Problem]:
    wrong = why_no_authorities(file)
    if wrong is not None:
        yield config.problem(path, wrong)


def why_no_authorities(file: Path) -> str | None:
    """What is wrong with a PEM file of certificate authorities; `None` if nothing is."""
    try:
        ssl.create_default_context(cafile=file)
    except FileNotFoundError:
        return "there is no such file"
    except (OSError, ValueError):
        return "is not a readable PEM file of certificates"
    return None
