"""`oai-proxy init`: from nothing to a config that serves, with a key to call it.

On a terminal it asks for what the command line does not say. A provider's key is never asked for:
the config says where it is to be read.
"""

import hashlib
import re
import secrets
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import typer

from lmproxy.cli import Options, Told
from lmproxy.cli.first_config import Answers, text_of
from lmproxy.cli.writing import write_new
from lmproxy.config.problems import nearest
from lmproxy.scrub import LOOKS_SECRET
from lmproxy.upstream.model_list import listing_way
from lmproxy.upstream.vendor import Vendor
from lmproxy.upstream.vendors import VENDORS

LOCAL = "local"
NEED_MORE = ("bedrock", "google_vertex_ai")
"""Providers with credentials that are more than a key."""

Judge: TypeAlias = Callable[[str], str]
"""Gives back what was typed, as it is to be written, or raises `typer.BadParameter`."""


def main(_options: Options, told: Told) -> int:
    """Ask, write, and print the key, once. The exit code."""
    if told.output.exists():
        typer.echo(f"{told.output} is there already: give another --output", err=True)
        return 1
    key = f"sk-{secrets.token_hex(24)}"
    try:
        answers = Interview(told, asks=told.ask and sys.stdin.isatty()).answers(key)
    except typer.BadParameter as wrong:
        typer.echo(wrong.message, err=True)
        return 2
    try:
        write_new(told.output, text_of(answers))
    except OSError as error:
        typer.echo(f"{told.output} cannot be written: {error.strerror}", err=True)
        return 1
    typer.echo(_farewell(told.output, answers, key), nl=False)
    return 0


@dataclass(frozen=True, slots=True)
class Interview:
    """Gets every answer: from the command line, by asking, or the default."""

    told: Told
    asks: bool

    def answers(self, key: str) -> Answers:
        """All of them.

        Raises:
            typer.BadParameter: the command line says something wrong, or too little.
        """
        usual = "openai" if self.asks else None
        provider = self._get("--provider", self.told.provider, "Provider", usual, _provider)
        vendor = VENDORS.get(provider)
        return Answers(
            provider=provider,
            api_base=self._api_base(vendor),
            api_key=self._api_key(vendor),
            lists=vendor is None or listing_way(vendor, vendor.speaks) is not None,
            host=self._get("--host", self.told.host, "Address to listen on", "127.0.0.1", _host),
            port=int(self._get("--port", _text(self.told.port), "Port", "8000", _port)),
            group=self._get("--group", self.told.group, "Group of the new key", "team", _group),
            sha256=hashlib.sha256(key.encode()).hexdigest(),
        )

    def _get(
        self, option: str, given: str | None, question: str, default: str | None, judge: Judge
    ) -> str:
        """One answer. Without a `default` it has to be given, or typed."""
        if given is not None:
            return judge(given)
        if self.asks:
            answer: str = typer.prompt(question, default=default, value_proc=judge)
            return answer
        if default is None:
            raise typer.BadParameter(
                f"there is nobody to ask: {option} is needed, as in\n"
                "  oai-proxy init --provider openai --api-key-env OPENAI_API_KEY"
            )
        return default

    def _api_base(self, vendor: Vendor | None) -> str | None:
        given = self.told.api_base
        if vendor is None and given is not None:
            raise typer.BadParameter("a local model has no --api-base")
        if vendor is None or (given is None and vendor.api_base is not None):
            return None
        return self._get("--api-base", given, f"Base URL of {vendor.api_type}", None, _url)

    def _api_key(self, vendor: Vendor | None) -> str | None:
        told = self.told
        given = {
            "env": told.api_key_env and _variable(told.api_key_env),
            "file": told.api_key_file and _file(told.api_key_file),
            "credential": told.api_key_credential and _credential(told.api_key_credential),
        }
        references = [f"{scheme}:{place}" for scheme, place in given.items() if place]
        if len(references) > 1:
            raise typer.BadParameter("give one of --api-key-env, -file and -credential")
        if vendor is None and references:
            raise typer.BadParameter("a local model takes no key")
        if vendor is None or references:
            return references[0] if references else None
        name = f"{vendor.api_type.upper()}_API_KEY"
        if vendor.key_required:
            question = f"Environment variable that holds your key at {vendor.api_type}"
            return f"env:{self._get('--api-key-env', None, question, name, _variable)}"
        question = f"Environment variable that holds a key for {vendor.api_type} (- for none)"
        variable = self._get("--api-key-env", None, question, "-", _variable_or_none)
        return None if variable == "-" else f"env:{variable}"


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _provider(name: str) -> str:
    """The canonical name."""
    if name == LOCAL:
        return name
    vendor = VENDORS.get(name)
    if vendor is None:
        known = [*VENDORS, LOCAL]
        hint = nearest(name, known) or f"there are {', '.join(known)}"
        raise typer.BadParameter(f"there is no provider '{name}'; {hint}")
    if vendor.api_type in NEED_MORE:
        raise typer.BadParameter(f"{name} needs more than a key: write its config by hand")
    return vendor.api_type


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits or "@" in parts.netloc or parts.query or parts.fragment:
        raise typer.BadParameter("a base URL begins with http:// or https:// and has no secrets")
    return text.rstrip("/")


def _matching(pattern: str, words: str) -> Judge:
    def judge(text: str) -> str:
        if not re.fullmatch(pattern, text) or LOOKS_SECRET.search(text):
            raise typer.BadParameter(words)  # Never the text: it may be a key, by mistake.
        return text

    return judge


_host = _matching(r"[\w.:%-]+", "an address is a host name or an IP address")
_group = _matching(r"[A-Za-z0-9_-]{1,64}", "a group's name has letters, digits, _ and -")
_variable = _matching(
    r"[A-Za-z_]\w*", "this takes the name of an environment variable; the key itself stays there"
)
_credential = _matching(r"[\w.@-]+", "this takes the name of a systemd credential, not a key")
_port = _matching(r"[0-9]{1,5}", "a port is a number up to 65535")


def _variable_or_none(text: str) -> str:
    return text if text == "-" else _variable(text)


def _file(path: Path) -> str:
    if LOOKS_SECRET.search(str(path)):
        raise typer.BadParameter("this takes the path of a file that holds the key, not the key")
    return str(path if str(path).startswith("~") else path.absolute())


def _farewell(path: Path, answers: Answers, key: str) -> str:
    file = shlex.quote(str(path))
    scheme, _, place = (answers.api_key or "").partition(":")
    first = f"Put the provider's key into {place}, in the environment or in a file .env here, then:"
    return (
        f"{path} is written (mode 0600).\n\n"
        f"A key for the group '{answers.group}', shown this once (the file has its digest):\n\n"
        f"  {key}\n\n"
        f"{first if scheme == 'env' else 'Next:'}\n\n"
        f"  oai-proxy check --config {file}\n"
        f"  oai-proxy --config {file}\n"
    )
