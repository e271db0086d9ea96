"""What `check` says of fallbacks."""

from pathlib import Path

import pytest

from tests.harness import configs
from tests.routing.fallbacks import FALLBACK


@pytest.mark.parametrize(
    ("table", "part", "words"),
    [
        (
            "connections = ['up']",
            "connections = ['up']",
            "connections: needs at least two connections",
        ),
        ("", "[connections.fb]", "connections: is required"),
        (
            "connections = ['upp', 'up']",
            "connections = ['upp'",
            "connections.0: there is no connection 'upp'; did you mean 'up'?",
        ),
        (
            "connections = { up = {}, nope = { model = 'x' } }",
            "connections = {",
            "connections.nope: there is no connection 'nope'",
        ),
        ("connections = ['up', 'fb']", "connections = ['up', 'fb']", "connections: leads to itse"),
        ("connections = ['up', 'other']", "connections = ['up', 'other']", "connections: leads to"),
        ("connections = 7", "connections = 7", "connections"),
        (
            "connections = { up = { stream = true }, third = {} }",
            "connections = {",
            "connections.up: 'stream' is the client's to say",
        ),
        (
            "connections = ['up', 'third']\napi_key = 'sk-0123456789'",
            "api_key = 'sk-01",
            "api_key: a Fallback has none: it belongs to its members",
        ),
        (
            "connections = ['up', 'third']\nkonnections = 1",
            "konnections = 1",
            "konnections: unknown key; did you mean 'connections'?",
        ),
    ],
)
def test_a_fallback_that_cannot_be_is_told_with_its_line(
    table: str, part: str, words: str, tmp_path: Path
) -> None:
    tail = (
        f"[connections.fb]\nclass = '{FALLBACK}'\n{table}\n"
        f"[connections.other]\nclass = '{FALLBACK}'\nconnections = ['fb', 'up']\n"
        "[connections.third]\napi_type = 'vllm'\napi_base = 'http://127.0.0.1:9/v1'"
    )
    content = configs.text(tail=tail, routing="'*' = 'fb.*'")

    found = configs.problems(tmp_path, content)

    line = configs.line(content, part)
    assert any(told.startswith(f"line {line}: connections.fb.{words}") for told in found), found


def test_fallbacks_that_multiply_have_an_end(tmp_path: Path) -> None:
    tables = [
        f"[connections.f{n}]\nclass = 'fallback'\nconnections = ['{m}', '{m}']"
        for n, m in enumerate(["up", *(f"f{n}" for n in range(6))])
    ]

    (found,) = configs.problems(tmp_path, configs.text(tail="\n".join(tables)))

    assert "connections.f6.connections: leads to 128 attempts for one request" in found


def test_advice_knows_what_a_fallback_uses(tmp_path: Path) -> None:
    tail = (
        "[connections.inner]\nclass = 'fallback'\nconnections = ['up', 'up']\n"
        "[connections.fb]\nclass = 'fallback'\nconnections = ['inner', 'up']\n"
        "[connections.idle]\nclass = 'fallback'\nconnections = ['up', 'up']"
    )

    found = configs.warnings(tmp_path, configs.text(tail=tail, routing="'*' = 'fb.*'"))

    assert [words.partition(": ")[2] for words in found] == [
        "connections.idle: no rule of [routing] leads here"
    ]
