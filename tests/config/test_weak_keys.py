"""Keys that let in whoever guesses them, or nobody: which are errors, which only warnings."""

from pathlib import Path

import pytest

from lmproxy.keys.keyring import PLACEHOLDERS, key_id
from tests.harness import configs

PLAIN = "stands in the file as plain text; use env:, file: or sha256:"
LONG = "a-key-nobody-guesses-0123456789"


def keys(*values: str, tail: str = "") -> str:
    return configs.text(api_keys=f"api_keys = [{', '.join(values)}]", tail=tail)


def on_every_address(content: str) -> str:
    return content.replace('host = "127.0.0.1"', 'host = "0.0.0.0"')


def about_keys(found: list[str]) -> list[str]:
    return [words.split(": ", 1)[1] for words in found if "groups." in words]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("''", "groups.team.api_keys.0.key: must not be empty"),
        ("{ key = '' }", "groups.team.api_keys.0.key: must not be empty"),
        ("' '", "groups.team.api_keys.0: an empty key would let everybody in"),
    ],
)
def test_an_empty_key_is_an_error(key: str, words: str, tmp_path: Path) -> None:
    assert about_keys(configs.problems(tmp_path, keys(key))) == [words]


def test_a_key_of_two_groups_is_an_error(tmp_path: Path) -> None:
    content = keys("'env:TEAM'", tail="[groups.other]\napi_keys = ['env:TEAM']")

    found = configs.problems(tmp_path, content)

    first, second = configs.line(content, "api_keys"), configs.line(content, "[groups.other]") + 1
    assert found == [
        f"line {second}: groups.other.api_keys.0: is also a key of another group, at line {first}; "
        "a key has one group"
    ]


def test_the_same_key_twice_in_one_group_is_a_warning(tmp_path: Path) -> None:
    content = keys("'env:TEAM'", "'env:TEAM'")

    found = configs.warnings(tmp_path, content)

    line = configs.line(content, "api_keys")
    assert found == [f"line {line}: groups.team.api_keys.1: is the same key as at line {line}"]


@pytest.mark.parametrize("placeholder", sorted(PLACEHOLDERS))
def test_a_placeholder_is_an_error_where_others_can_connect(
    placeholder: str, tmp_path: Path
) -> None:
    found = configs.problems(tmp_path, on_every_address(keys(f"'{placeholder}'")))

    assert about_keys(found) == [
        "groups.team.api_keys.0: is a placeholder; make a key with: openssl rand -hex 24; "
        'or set host = "127.0.0.1"'
    ]


def test_a_placeholder_is_a_warning_on_loopback(tmp_path: Path) -> None:
    found = configs.warnings(tmp_path, keys("'KEY1'"))

    assert (
        "groups.team.api_keys.0: is a placeholder; fine only while nobody else can connect"
        in about_keys(found)
    )


def test_a_key_like_a_placeholder_is_only_short(tmp_path: Path) -> None:
    found = configs.warnings(tmp_path, on_every_address(keys("'ADMIN_KEY_1'")))

    assert about_keys(found) == [
        "groups.team.api_keys.0: is shorter than 20 characters and could be guessed",
        f"groups.team.api_keys.0: {PLAIN}",
    ]


def test_a_long_key_in_plain_text_is_a_warning_and_a_reference_is_none(tmp_path: Path) -> None:
    plain = configs.warnings(tmp_path, keys(f"'{LONG}'"))
    referred = configs.warnings(tmp_path, keys("'env:TEAM'", "{ key = 'env:OTHER' }"), OTHER=LONG)

    assert about_keys(plain) == [f"groups.team.api_keys.0: {PLAIN}"]
    assert referred == []


def test_many_keys_that_are_weak_alike_are_one_warning_that_names_the_first(tmp_path: Path) -> None:
    values = [f"{LONG}-{number:04}" for number in range(1200)]
    names = ", ".join(key_id(value.encode()) for value in values[:3])

    found = configs.warnings(tmp_path, keys(*(f"'{value}'" for value in values)))

    assert about_keys(found) == [
        f"groups.team.api_keys.0: {PLAIN} (one of 1,200 such keys: {names}, …)"
    ]


def test_a_few_keys_in_plain_text_are_a_warning_each(tmp_path: Path) -> None:
    found = configs.warnings(tmp_path, keys(*(f"'{LONG}-{number}'" for number in range(5))))

    assert about_keys(found) == [f"groups.team.api_keys.{number}: {PLAIN}" for number in range(5)]


def test_a_digest_is_no_plain_text(tmp_path: Path) -> None:
    assert configs.warnings(tmp_path, keys(f"'sha256:{'ab' * 32}'")) == []


def test_groups_without_any_key_are_an_error_with_the_mend(tmp_path: Path) -> None:
    (found,) = configs.problems(tmp_path, keys())

    assert "no group has a key" in found
    assert "openssl rand -hex 24" in found


def test_a_proxy_without_keys_is_only_for_this_machine(tmp_path: Path) -> None:
    content = configs.text(top="allow_anonymous = true").replace(
        "[groups.team]", "[groups.default]"
    )

    (found,) = configs.problems(tmp_path, on_every_address(content))

    assert found.startswith("line 2: allow_anonymous: needs a loopback host")
    assert configs.problems(tmp_path, content) == []


def test_an_empty_provider_key_is_an_error(tmp_path: Path) -> None:
    content = configs.text().replace('"env:UPSTREAM"', '""')

    assert configs.problems(tmp_path, content) == [
        "line 5: connections.up.api_key: must not be empty"
    ]


def test_no_message_says_the_key(tmp_path: Path) -> None:
    content = keys(f"'{LONG}'", f"'{LONG}'", "'short-one'")

    said = "".join(configs.warnings(tmp_path, content))

    assert LONG not in said
    assert "short-one" not in said
