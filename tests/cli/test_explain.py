"""`explain`, `models` and `config show`, typed by an operator."""

import tomllib
from pathlib import Path

import pytest

from tests.harness.command import Ended, oai_proxy

CONFIG = """
host = "127.0.0.1"
[connections.openai]
api_key = "env:UPSTREAM"
http_headers = { x-team = "header-canary-0123456789" }
[connections.vllm]
api_type = "vllm"
api_base = "http://127.0.0.1:9/v1"
models = { "gpt-4o" = "qwen" }
[connections.off]
api_base = "http://127.0.0.1:9/v1"
api_key = "any"
enabled = false
[routing]
"off" = "off.*"
"gpt*" = ["openai.*", "vllm.*"]
[groups.team]
api_keys = [{ key = "team-canary-0123456789abc", id = "tess" }]
[groups.interns]
api_keys = ["intern-canary-0123456789ab"]
allowed_connections = "vllm"
allowed_models = ["gpt*"]
"""


def run(folder: Path, *arguments: str) -> Ended:
    (folder / "config.toml").write_text(CONFIG)
    environment = {"UPSTREAM": "sk-upstream-canary-0123456789"}
    return oai_proxy(*arguments, folder=folder, environment=environment)


def test_explain_says_rule_targets_and_what_becomes_of_each_group(tmp_path: Path) -> None:
    ended = run(tmp_path, "explain", "gpt-4o")

    assert ended.stdout.splitlines() == [
        'gpt-4o: rule "gpt*" (line 16)',
        "  1. openai.gpt-4o: chat by relay, messages as chat by translate, responses by relay",
        "     completions, embeddings, moderations, image_generation, image_edit, image_variation, "
        "speech, transcription, translation by relay",
        "     rerank not offered",
        "  2. vllm.gpt-4o: chat by relay, messages by relay, responses by relay, as qwen",
        "     completions, embeddings, rerank, transcription, translation by relay",
        "     moderations, image_generation, image_edit, image_variation, speech not offered",
        "group team: goes to openai.gpt-4o",
        "group interns: goes to vllm.qwen",
    ]
    assert ended.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "last_line", "code"),
    [
        (("gpt-4o", "--key", "tess"), "key tess of group team: goes to openai.gpt-4o", 0),
        (
            ("gpt-5", "--group", "interns"),
            "group interns: 404 model_not_found: "
            "no target that is switched on and open to the group has this model",
            1,
        ),
        (
            ("off", "--group", "interns"),
            "group interns: 403 model_not_allowed: "
            "allowed_models of 'interns' does not have this name",
            1,
        ),
        (
            ("off", "--group", "team"),
            "group team: 503 connection_disabled: "
            "no target that is switched on and open to the group has this model",
            1,
        ),
    ],
    ids=["a key", "no target has it", "name not allowed", "switched off"],
)
def test_explain_says_why_not(
    arguments: tuple[str, ...], last_line: str, code: int, tmp_path: Path
) -> None:
    ended = run(tmp_path, "explain", *arguments)

    assert ended.stdout.splitlines()[-1] == last_line
    assert ended.returncode == code


@pytest.mark.parametrize(
    ("model", "code"), [("claude", "model_not_found"), ("../x", "invalid_model_name")]
)
def test_explain_says_what_a_client_would_be_told(model: str, code: str, tmp_path: Path) -> None:
    ended = run(tmp_path, "explain", model)

    assert f" {code}: " in ended.stdout
    assert ended.returncode == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [(("--group", "nobody"), "no group 'nobody'"), (("--key", "a-canary"), "no key of that id")],
)
def test_explain_refuses_a_group_or_key_that_is_not_there(
    asked: tuple[str, str], words: str, tmp_path: Path
) -> None:
    ended = run(tmp_path, "explain", "gpt-4o", *asked)

    assert words in ended.stderr
    assert "canary" not in ended.stderr  # It may be the key itself, by mistake.
    assert ended.returncode == 2


def test_models_lists_what_each_group_sees(tmp_path: Path) -> None:
    both = run(tmp_path, "models")
    one = run(tmp_path, "models", "--group", "interns")
    none = run(tmp_path, "models", "--group", "nobody")

    assert both.stdout == "team\tgpt*\topenai\ninterns\tgpt*\tvllm\n"
    assert one.stdout == "interns\tgpt*\tvllm\n"
    assert none.returncode == 2


def test_config_show_prints_the_whole_config_without_a_secret(tmp_path: Path) -> None:
    ended = run(tmp_path, "config", "show")

    shown = tomllib.loads(ended.stdout)
    assert "canary" not in ended.stdout
    assert shown["connections"]["openai"]["api_key"] == "[secret]"
    assert shown["connections"]["vllm"]["timeouts"]["connect_s"] == 5
    assert shown["groups"]["team"]["api_keys"][0]["id"] == "tess"


@pytest.mark.parametrize("command", [("explain", "x"), ("models",), ("config", "show")])
def test_a_config_that_cannot_be_used_is_said_and_exits_with_78(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text("prot = 1")

    ended = oai_proxy(*command, folder=tmp_path)

    assert "did you mean 'port'?" in ended.stderr
    assert ended.returncode == 78
