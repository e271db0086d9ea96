"""What `check` says of functions and classes of the operator's own."""

from pathlib import Path

import pytest

from tests.harness import configs


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("connections.own = 'own_module.nope'", "connections.own: there is no 'own_module.nope'"),
        ("connections.own = 'nodot'", "connections.own: must be a table, or the dotted path"),
        ("connections.own = 7", "connections.own: must be a table, or the dotted path"),
        ("connections.own = 'own_module.noarg'", "connections.own: takes no prompt"),
        (
            "connections.own = { class = 'own_module.Strategy' }",
            "connections.own.word: is required",
        ),
        (
            "connections.own = { class = 'own_module.Strategy', word = 'a', wordy = 1 }",
            "connections.own.wordy: unknown key; did you mean 'word'?",
        ),
        (
            "connections.own = { class = 'own_module.Strategy', word = 'a', api_version = '1' }",
            "connections.own.api_version: unknown key",
        ),
        (
            "connections.own = { class = 'own_module.Mute' }",
            "connections.own.class: what it makes cannot be called",
        ),
        (
            "connections.own = { class = 'lm_proxy.strategies.Falback', connections = ['up'] }",
            "connections.own.class: there is no 'lm_proxy.strategies.Falback'; did you mean",
        ),
        (
            "connections.own = { class = 'own_module.Breaks' }",
            "connections.own: 'own_module.Breaks' cannot be made: ValueError at ",
        ),
        ("components.own = 'own_module.nope'", "components.own: there is no 'own_module.nope'"),
        (
            "components.own = { class = 'own_module.Strategy' }",
            "components.own.word: is required",
        ),
        ("components.own = 7", "components.own: must be a table"),
    ],
)
def test_what_cannot_be_made_is_told_with_its_line(
    written: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "own_module.py").write_text(
        "class Strategy:\n"
        "    def __init__(self, word: str): pass\n"
        "    async def __call__(self, messages): pass\n"
        "class Mute: pass\n"
        "class Breaks:\n"
        "    def __init__(self): raise ValueError('canary')\n"
        "def noarg(): pass\n"
    )
    content = configs.text(top=written)

    told = configs.problems(tmp_path, content)

    line = configs.line(content, written)
    assert any(t.startswith(f"line {line}: {words}") for t in told), told
    assert not any("canary" in t for t in told)
