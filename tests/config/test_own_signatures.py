"""Code that ran with lm-proxy runs here, whatever its signature says to a type checker."""

from pathlib import Path

import pytest

from lmproxy.assembly import Assembly
from tests.harness import configs

OWN = """
from __future__ import annotations
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from nowhere_installed import Engine


class Writes(Protocol):
    def write(self, text: str) -> None: ...


class Handler:
    def __init__(self, most: int, engine: Engine | None = None, to: Writes | None = None) -> None:
        self.most, self.to = most, to

    def __call__(self, ctx):
        pass
"""
HANDLER = '[[before]]\nclass = "own_signatures.Handler"\n'


def test_a_type_that_only_a_type_checker_knows_keeps_nobody_out(tmp_path: Path) -> None:
    (tmp_path / "own_signatures.py").write_text(OWN)

    def problems(said: str) -> list[str]:
        return configs.problems(tmp_path, configs.text(tail=HANDLER + said))

    assert problems("most = 3") == []
    assert problems('most = 3\nto = "anything"') == []
    (told,) = problems('most = "many"')
    assert "before.0.most: must be a whole number" in told, "what can be checked still is"
    (told,) = problems("most = 3\nmots = 4")
    assert "before.0.mots: unknown key; did you mean 'most'?" in told


@pytest.mark.parametrize(
    "said",
    [
        '{ class = "threading.Lock" }',
        '{ class = "collections.deque", maxlen = 3 }',
        '{ class = "collections.OrderedDict", a = 1 }',
        '{ class = "sqlite3.connect", database = ":memory:" }',
    ],
)
def test_a_component_may_be_written_in_c(said: str, tmp_path: Path) -> None:
    made: Assembly = configs.assembled(tmp_path, configs.text(tail=f"[components]\nown = {said}"))

    assert made.config.settings.components


def test_what_c_does_not_take_is_told(tmp_path: Path) -> None:
    tail = '[components]\nown = { class = "collections.deque", maxlen = "many" }'

    (told,) = configs.problems(tmp_path, configs.text(tail=tail))

    assert "components.own: 'collections.deque' cannot be made: TypeError" in told
