"""What is not wrong and yet unwise, in the order of the file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmproxy.cli.advice import covers
from lmproxy.cli.checking import summary
from lmproxy.patterns import Pattern
from lmproxy.problems import Problem
from tests.harness import configs

OTHER = "[connections.other]\napi_base = 'http://127.0.0.1:9/v1'\napi_key = 'any'"
PLAIN_PATTERNS = st.text("ab-]*", max_size=6)
PATTERNS = st.text("ab-!*?[]", max_size=6)
NAMES = st.lists(st.text("ab-]", max_size=5), max_size=40)


def routing(rules: str, **slots: str) -> str:
    return configs.text(routing=rules, **slots)


def test_a_good_config_has_no_warning(tmp_path: Path) -> None:
    assert configs.warnings(tmp_path, configs.text()) == []


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("gpt-*", "gpt-4*"), ("*", "claude"), ("gpt-?", "gpt-4"), ("*", "[ab]*"), ("a*c", "a[bc]?c")],
)
def test_a_rule_behind_one_that_takes_all_it_would_take_is_told(
    earlier: str, later: str, tmp_path: Path
) -> None:
    content = routing(f"'{earlier}' = 'up.*'\n'{later}' = 'up.x'")

    found = configs.warnings(tmp_path, content)

    first, second = configs.line(content, f"'{earlier}' ="), configs.line(content, f"'{later}' =")
    assert found == [
        f"line {second}: routing.{later}: is never used: '{earlier}' at line {first} comes first"
    ]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("gpt-4*", "gpt-*"), ("*-*", "gpt[3-4]"), ("gpt-4", "GPT-4"), ("a", "b"), ("?", "*")],
)
def test_a_rule_that_can_still_be_reached_is_not_told(
    earlier: str, later: str, tmp_path: Path
) -> None:
    content = routing(f"'{earlier}' = 'up.*'\n'{later}' = 'up.x'")

    assert configs.warnings(tmp_path, content) == []


@given(wide=PATTERNS, narrow=PATTERNS, names=NAMES)
def test_a_pattern_said_to_cover_another_matches_all_that_it_matches(
    wide: str, narrow: str, names: list[str]
) -> None:
    outer, inner = Pattern(wide), Pattern(narrow)
    missed = [name for name in names if inner.matches(name) and not outer.matches(name)]

    assert not (covers(outer, inner) and missed)


@given(narrow=PLAIN_PATTERNS)
def test_a_lone_star_covers_everything(narrow: str) -> None:
    assert covers(Pattern("*"), Pattern(narrow))


def test_a_connection_that_no_rule_leads_to_is_told(tmp_path: Path) -> None:
    content = configs.text(tail=OTHER)

    found = configs.warnings(tmp_path, content)

    line = configs.line(content, "[connections.other]")
    assert found == [f"line {line}: connections.other: no rule of [routing] leads here"]


@pytest.mark.parametrize(
    ("limits", "rules"),
    [
        ("allowed_connections = 'other'", "'*' = 'up.*'"),
        ("allowed_connections = []", "'*' = 'up.*'"),
        ("allowed_models = []", "'*' = 'up.*'"),
        ("allowed_models = ['claude']", "'gpt*' = 'up.*'"),
        ("allowed_models = ['gpt']\nallowed_connections = ['other']", "'gpt' = 'up.*'"),
    ],
)
def test_a_group_that_can_reach_nothing_is_told(limits: str, rules: str, tmp_path: Path) -> None:
    content = routing(rules, group=limits, tail=OTHER)

    found = configs.warnings(tmp_path, content)

    line = configs.line(content, "[groups.team]")
    said = f"line {line}: groups.team: can reach nothing: no rule leads to what it may"
    assert said in found


def test_a_group_that_can_reach_one_model_is_not_told(tmp_path: Path) -> None:
    content = routing("'gpt*' = 'up.*'", group="allowed_models = ['claude', 'gpt-4']")

    assert configs.warnings(tmp_path, content) == []


def test_a_list_of_targets_is_told_not_to_be_a_fallback_yet(tmp_path: Path) -> None:
    found = configs.warnings(tmp_path, routing("'*' = ['up.*', 'up.x']"))

    assert ["does not move on after a failure" in warning for warning in found] == [True]


def test_a_star_within_a_model_name_is_told_to_stay_a_star(tmp_path: Path) -> None:
    content = routing("'gpt*' = 'up.openai/*'")

    (found,) = configs.warnings(tmp_path, content)

    line = configs.line(content, "'gpt*' =")
    assert found.startswith(f"line {line}: routing.gpt*: sends the star of 'openai/*' as it is")


def test_a_description_of_what_no_rule_has_is_told(tmp_path: Path) -> None:
    rules = "'gpt-*' = 'up.*'"
    good = "[model_info.'gpt-*']\na = 1\n[model_info.gpt-4o]\na = 1\n"
    content = routing(rules, tail=f"{good}[model_info.'gtp-*']\na = 1")

    (found,) = configs.warnings(tmp_path, content)

    assert "model_info.gtp-*: describes nothing: no rule has this name" in found
    assert "did you mean 'gpt-*'?" in found


def test_a_rule_that_no_model_name_can_match_is_told(tmp_path: Path) -> None:
    found = configs.warnings(tmp_path, routing("'a b' = 'up.*'\n'*' = 'up.*'"))

    assert [warning.partition(": ")[2] for warning in found] == [
        "routing.a b: is not a model name, so no request can ask for it"
    ]


def test_a_provider_key_in_plain_text_is_told(tmp_path: Path) -> None:
    content = configs.text().replace("http://127.0.0.1:9/v1", "https://api.example/v1")
    plain = content.replace("env:UPSTREAM", "plain-provider-secret")

    assert configs.warnings(tmp_path, content) == []
    assert configs.warnings(tmp_path, plain) == [
        "line 5: connections.up.api_key: stands in the file as plain text; use env: or file:"
    ]


def test_a_key_for_a_server_on_this_machine_may_be_any_text(tmp_path: Path) -> None:
    content = configs.text().replace("env:UPSTREAM", "not required")

    assert configs.warnings(tmp_path, content) == []


@pytest.mark.parametrize("host", ["llm.internal", "127.example.com", "10.0.0.1", "[::2]"])
def test_plain_http_to_another_machine_is_told(host: str, tmp_path: Path) -> None:
    content = configs.text().replace("http://127.0.0.1:9/v1", f"http://{host}/v1")

    assert configs.warnings(tmp_path, content) == [
        "line 4: connections.up.api_base: is plain http: keys and prompts cross the network open"
    ]


@pytest.mark.parametrize(
    ("secret", "where"),
    [
        ({"api_keys": "api_keys = ['a-key-nobody-guesses-01']"}, "groups.team.api_keys.0"),
        (
            {"connection": "http_headers = { X-Auth-Token = 'a' }"},
            "connections.up.http_headers.X-Auth-Token",
        ),
        ({"connection": "proxy = 'http://me:secret@127.0.0.1:3128'"}, "connections.up.proxy"),
    ],
    ids=["a virtual key", "a header", "a proxy's password"],
)
def test_a_file_that_everybody_may_read_and_holds_secrets_is_told(
    secret: dict[str, str], where: str, tmp_path: Path
) -> None:
    options = configs.write(tmp_path, configs.text(**secret))
    assert options.config
    said = f"everybody may read this file, and it holds {where}; chmod 640"

    kept = configs.advised(options)
    options.config.chmod(0o644)
    shown = configs.advised(options)

    assert said not in kept
    assert said in shown


def test_a_file_that_everybody_may_read_and_holds_only_references_is_fine(
    tmp_path: Path,
) -> None:
    options = configs.write(tmp_path, configs.text(connection="http_headers = { x-team = 'a' }"))
    assert options.config
    options.config.chmod(0o644)

    assert configs.advised(options) == []


def test_warnings_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    content = routing("'*' = 'up.*'\n'a' = 'up.*'", api_keys="api_keys = ['short']", tail=OTHER)

    found = configs.warnings(tmp_path, content)

    lines = [int(warning.split()[1].rstrip(":")) for warning in found]
    assert len(lines) == 4
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("count", "words"), [(0, "ok"), (1, "ok, with 1 warning"), (3, "ok, with 3 warnings")]
)
def test_the_last_line_counts_the_warnings(count: int, words: str) -> None:
    assert summary([Problem("", "unwise")] * count) == words
