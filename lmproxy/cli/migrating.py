"""`oai-proxy migrate OLD --to NEW`: lm-proxy's config in the words of today.

Secrets are neither read nor printed: what refers to one still refers to it.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import tomli_w
import typer

from lmproxy.cli import Options, checking
from lmproxy.cli.modern import Migration
from lmproxy.cli.serving import say_unusable
from lmproxy.cli.writing import write_new, write_over
from lmproxy.config.document import Document
from lmproxy.config.formats import read_document
from lmproxy.config.places import KeyPath, line_of
from lmproxy.problems import ConfigError
from lmproxy.scrub import Scrubber

HEAD = """\
# Written by `oai-proxy migrate` from {name}. config.example.toml, beside the program's source,
# shows every key there is; `oai-proxy check` says what is wrong with this file.

"""


def main(options: Options, old: Path, to: Path, force: bool) -> int:
    """Read, write, say, check.

    Returns:
        The exit code: 0 if everything was carried and the result can be served, else 1.
    """
    wrong = _obstacle(old, to, force)
    if wrong is not None:
        typer.echo(wrong, err=True)
        return 1
    try:
        document, _ = read_document(old)
        migration = Migration(old.stem)
        migration.migrate(document.values)
        text = HEAD.format(name=ascii(old.name)) + tomli_w.dumps(migration.values)
        (write_over if force else write_new)(to, text)
    except ConfigError as error:
        return say_unusable(error)
    except OSError as error:
        typer.echo(f"{to} cannot be written: {error.strerror}", err=True)
        return 1
    _say(old, to, document, migration)
    serves = _check(replace(options, config=to))
    return 0 if serves and not migration.lost else 1


def _obstacle(old: Path, to: Path, force: bool) -> str | None:
    """Why `to` is not to be written, if it is not."""
    if to.suffix.lower() not in ("", ".toml"):
        return f"{to}: the config is written in TOML, so its name ends in .toml"
    if to.exists() and old.exists() and to.samefile(old):
        return f"{to} is the config to be read: give another --to"
    if to.exists() and not force:
        return f"{to} is there already: give another --to, or --force"
    return None


def _say(old: Path, to: Path, document: Document, migration: Migration) -> None:
    """What became of each line, and the fresh keys."""
    scrub = Scrubber().text
    typer.echo(f"{old} is now {to} (mode 0600).")
    if migration.became:
        typer.echo("\nChanged; all else is as it was:\n")
        typer.echo(scrub(_lines(document, migration.became)))
    if migration.lost:
        typer.echo("\nNot carried:\n")
        typer.echo(scrub(_lines(document, migration.lost)))
    for group, key in migration.keys.items():
        typer.echo(f"\nA key for the group '{group}', shown this once (the file has its digest):\n")
        typer.echo(f"  {key}")
    typer.echo("")


def _lines(document: Document, said: Iterable[tuple[KeyPath, str]]) -> str:
    """A line each, in the order of the file where it is known."""
    placed = [(line_of(document.places, path) or 0, path, words) for path, words in said]
    return "\n".join(
        f"  {f'line {line}: ' if line else ''}{'.'.join(map(str, path))}: {words}"
        for line, path, words in sorted(placed, key=lambda item: item[0])
    )


def _check(options: Options) -> bool:
    """Whether `oai-proxy check` finds nothing wrong; it says what it finds."""
    try:
        return checking.main(options, live=False, connection=None, timeout_s=1) == 0
    except typer.Exit:
        typer.echo(f"{options.config}: cannot be served yet: see above", err=True)
        return False
