"""Which `api_key_check` may be: what is refused at start, and what lets everybody in."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import base_config, chat
from tests.harness import patient
from tests.harness.command import Ended, oai_proxy
from tests.keys.test_key_check import OWN, WEB, ask, config_with, start
from tests.provider.server import Provider


def checked(folder: Path, config: dict[str, Any]) -> Ended:
    (folder / "my_validators.py").write_text(OWN)
    (folder / "proxy.json").write_text(json.dumps(config))
    return oai_proxy("check", "--config", "proxy.json", folder=folder)


ALLOW = {"class": "lm_proxy.api_key_check.AllowAll", "group": "team"}


def test_everybody_may_come_in_on_loopback_if_it_is_said_twice(
    provider: Provider, tmp_path: Path
) -> None:
    with start(provider, tmp_path, ALLOW, allow_anonymous=True) as proxy:
        none = patient.post(f"{proxy.api}/chat/completions", json=chat("any"))

        assert [none.status_code, ask(proxy, "any text").status_code] == [200, 200]
        assert {record["group"] for record in proxy.records()} == {"team"}


@pytest.mark.parametrize(
    ("check", "more", "words"),
    [
        (ALLOW, {}, "api_key_check: lets everybody in who can connect; set allow_anonymous = true"),
        (ALLOW, {"allow_anonymous": True, "host": "0.0.0.0"}, "lets everybody in who can connect"),
        ({**ALLOW, "group": "x"}, {"allow_anonymous": True}, "needs a group named 'x'"),
        ("my_validators.nothing", {}, "the module 'my_validators' has no 'nothing'"),
        ("my_validators.validat", {}, "did you mean 'validate'?"),
        ("nowhere.check", {}, "put nowhere.py beside the config, or install the package that has"),
        ({"url": "http://x/{api_key}"}, {}, "api_key_check.class: is required"),
        (
            "my_validators.validate",
            {"check_api_key": "my_validators.validate"},
            "check_api_key: says the same as 'api_key_check'; keep one of them",
        ),
        (
            {"class": WEB, "url": "http://x/{api_key}"},
            {},
            "default_group: there is no group 'default', so every key would be refused",
        ),
        ("lm_proxy.api_key_check.Check", {}, "there is no 'lm_proxy.api_key_check.Check'"),
        ({"class": WEB}, {}, "api_key_check.url: is required"),
        ({"class": WEB, "url": "http://x/"}, {}, "the key is sent nowhere, so every key would be"),
        ({"class": WEB, "url": "http://x/"}, {}, '{ Authorization = "Bearer {api_key}" }'),
        ({"class": WEB, "url": "http://x/{api_key}", "method": "PUT"}, {}, "method: must be one"),
        (7, {}, "api_key_check: must be"),
    ],
)
def test_a_check_that_cannot_be_is_refused_at_start(
    check: Any, more: dict[str, Any], words: str, provider: Provider, tmp_path: Path
) -> None:
    ended = checked(tmp_path, {**config_with(provider, check), **more})

    assert ended.returncode == 78
    assert words in ended.stderr


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"group_field": "team"}, "group_field: has no effect without response_as_user_info"),
        ({"cache_ttl": 60}, "cache_ttl: has no effect without use_cache = true"),
        ({"cache_size": 9}, "cache_size: has no effect without use_cache = true"),
    ],
)
def test_a_key_of_a_check_that_does_nothing_alone_is_a_warning(
    more: dict[str, Any], words: str, provider: Provider, tmp_path: Path
) -> None:
    check = {"class": WEB, "url": "http://x/{api_key}", "default_group": "team", **more}

    assert words in checked(tmp_path, config_with(provider, check)).stderr


def test_a_header_may_be_a_number(provider: Provider, tmp_path: Path) -> None:
    check = {"class": WEB, "url": "http://x/{api_key}", "headers": {"X-Version": 2}}

    ended = checked(tmp_path, config_with(provider, {**check, "default_group": "team"}))

    assert ended.returncode == 0, ended.stderr


def test_keys_that_a_check_for_everybody_does_not_look_at_are_a_warning(
    provider: Provider, tmp_path: Path
) -> None:
    groups = {"team": {"api_keys": ["a-long-enough-virtual-key"]}}
    config = config_with(provider, ALLOW, groups=groups, allow_anonymous=True)

    found = checked(tmp_path, config).stderr

    assert "groups.team.api_keys: has no effect: api_key_check alone says whose a key is" in found


def test_everybody_may_be_said_by_the_path_alone(provider: Provider, tmp_path: Path) -> None:
    config = config_with(provider, ALLOW["class"], groups={"default": {}}, allow_anonymous=True)

    ended = checked(tmp_path, config)

    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("name", ["api_key_check", "check_api_key"])
@pytest.mark.parametrize(
    "path", ["lm_proxy.core.check_api_key", "lm_proxy.api_key_check.check_api_key_in_config"]
)
def test_both_generations_names_for_the_keys_of_the_config_are_known(
    provider: Provider, tmp_path: Path, name: str, path: str
) -> None:
    ended = checked(tmp_path, {**base_config(provider), name: path})

    assert ended.returncode == 0, ended.stderr


def test_a_function_may_be_named_by_class(provider: Provider, tmp_path: Path) -> None:
    config = config_with(provider, {"class": "my_validators.validate"})

    ended = checked(tmp_path, config)

    assert ended.returncode == 0, ended.stderr


def test_keys_that_have_no_effect_are_a_warning(provider: Provider, tmp_path: Path) -> None:
    config = {**base_config(provider), "api_key_check": "my_validators.validate"}

    ended = checked(tmp_path, config)

    assert ended.returncode == 0, ended.stderr
    assert "groups.team.api_keys: has no effect: api_key_check alone says whose" in ended.stderr
