"""Keys as a config writes them: who they are, when they are refused, and what never starts."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
import tomli_w

from lmproxy.assembly import assemble
from lmproxy.config import load_config
from lmproxy.problems import ConfigError
from tests.conftest import TEAM_KEY, base_config, bearer
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.provider.server import Provider

PAST = datetime(2020, 1, 1, tzinfo=UTC)
FUTURE = datetime(2100, 1, 1, tzinfo=UTC)
JUST_OVER = datetime.now(timezone(timedelta(hours=9))) - timedelta(seconds=1)
"""An instant that is past everywhere, though its wall clock is ahead of most."""
JUST_OVER_UTC = (datetime.now(UTC) - timedelta(seconds=1)).replace(tzinfo=None)


def key(name: str) -> str:
    return f"{name}-key-0123456789abcdef0123"


def digest(name: str) -> str:
    return hashlib.sha256(key(name).encode()).hexdigest()


def make_keys_dir(folder: Path) -> Path:
    """Key files for `written`, as a machine writes them."""
    folder.mkdir()
    keys = [
        {"sha256": digest("written"), "owner": "wanda", "id": "wanda-laptop"},
        {"sha256": digest("written-over"), "expires": PAST},
    ]
    (folder / "written.toml").write_text(tomli_w.dumps({"keys": keys}))
    (folder / "README.md").write_text("not a key file")
    return folder


@pytest.fixture(scope="module")
def keyed(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with keys of every spelling and state."""
    config = base_config(provider)
    config["keys_dir"] = str(make_keys_dir(tmp_path_factory.mktemp("keys") / "keys"))
    config["groups"] = {
        "spelt": {
            "api_keys": [
                key("text"),
                f"sha256:{digest('hash').upper()}",
                {"sha256": digest("table"), "id": "tables.key"},
                {"key": key("owned"), "owner": "olga", "label": "laptop", "created": PAST},
                {"key": key("later"), "expires": FUTURE},
            ]
        },
        "ended": {
            "api_keys": [
                {"key": key("over"), "expires": PAST},
                {"key": key("just-over"), "expires": JUST_OVER},
                {"key": key("just-over-utc"), "expires": JUST_OVER_UTC},
                {"key": key("disabled"), "enabled": False},
            ]
        },
        "closed": {"enabled": False, "api_keys": [key("closed")]},
        "written": {},
    }
    with Proxy(config, tmp_path_factory.mktemp("keyed")) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "group", "key_id", "owner"),
    [
        ("text", "spelt", None, None),
        ("hash", "spelt", None, None),
        ("table", "spelt", "tables.key", None),
        ("owned", "spelt", None, "olga"),
        ("later", "spelt", None, None),
        ("written", "written", "wanda-laptop", "wanda"),
    ],
)
def test_a_good_key_is_its_group_s_however_it_is_written(
    http: httpx.Client, keyed: Proxy, name: str, group: str, key_id: str | None, owner: str | None
) -> None:
    answer = http.get(f"{keyed.api}/models", headers=bearer(key(name)))

    assert answer.status_code == 200
    record = keyed.record(id=answer.headers["x-request-id"])
    expected = (group, key_id or f"key_{digest(name)[:12]}", owner)
    assert (record["group"], record["key_id"], record["owner"]) == expected


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("over", "expired key"),
        ("just-over", "expired key"),
        ("just-over-utc", "expired key"),
        ("written-over", "expired key"),
        ("disabled", "key switched off"),
        ("closed", "key switched off"),
        ("unknown", "unknown key"),
    ],
)
def test_a_key_that_is_over_or_off_is_refused_as_if_unknown(
    http: httpx.Client, keyed: Proxy, name: str, reason: str
) -> None:
    answer = http.get(f"{keyed.api}/models", headers=bearer(key(name)))
    never_known = http.get(f"{keyed.api}/models", headers=bearer("never-known"))

    assert_refused(answer, 401, "invalid_api_key")
    assert answer.content == never_known.content
    prefix = f"key_{digest(name)[:8]}"
    line = until(lambda: said_of(keyed, prefix), "the line in the log")
    assert line[-1]["reason"] == reason


def said_of(proxy: Proxy, prefix: str) -> list[dict[str, Any]]:
    return [line for line in proxy.log("refused a credential") if line["key_id_prefixes"] == prefix]


def test_a_key_that_is_over_does_not_stand_in_the_way_of_a_good_one(
    http: httpx.Client, keyed: Proxy
) -> None:
    headers = {**bearer(key("over")), "x-api-key": key("text"), "api-key": key("closed")}

    answer = http.get(f"{keyed.api}/models", headers=headers)

    assert answer.status_code == 200


def test_no_key_is_ever_seen_in_log_or_record(http: httpx.Client, keyed: Proxy) -> None:
    names = ("text", "owned", "over", "closed", "unknown")
    answers = [http.get(f"{keyed.api}/models", headers=bearer(key(name))) for name in names]

    for answer in answers:
        keyed.record(id=answer.headers["x-request-id"])
    written = "".join(keyed.stderr) + keyed.records_file.read_text()
    assert [name for name in names if key(name) in written] == []


def test_a_key_file_and_the_config_speak_of_the_same_groups(tmp_path: Path) -> None:
    folder = make_keys_dir(tmp_path / "keys")
    (folder / "broken.toml").write_text("[[keys]\n")
    (folder / "nobody.toml").write_text("")
    (folder / "wrong.toml").write_text('[[keys]]\nsha265 = "x"\n')

    problems = problems_of(tmp_path, {"keys_dir": str(folder)}, {"written": {}, "wrong": {}})

    assert len(problems) == 3
    assert any("broken.toml cannot be read as TOML" in problem for problem in problems)
    assert any("nobody.toml belongs to no group" in problem for problem in problems)
    assert any("did you mean 'sha256'?" in problem for problem in problems)


def test_a_key_file_holds_digests_and_nothing_that_would_pass_for_one(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "written.toml").write_text('[[keys]]\nkey = "env:ALICE_KEY"\n')

    (problem,) = problems_of(
        tmp_path, {"keys_dir": str(folder)}, {"written": {"api_keys": [TEAM_KEY]}}
    )

    assert "a key file holds digests only" in problem


def problems_of(folder: Path, top: dict[str, Any], groups: dict[str, Any]) -> list[str]:
    """What is wrong with a config of these top-level keys and groups; empty if it would start."""
    file = folder / "proxy.toml"
    connections = {"up": {"api_base": "http://127.0.0.1:9/v1", "api_key": "x"}}
    routing = {"*": "up.*"}
    document = {"host": "127.0.0.1", **top, "connections": connections, "routing": routing}
    file.write_text(tomli_w.dumps({**document, "groups": groups}))
    try:
        assemble(load_config(file))
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("top", "groups", "words"),
    [
        pytest.param({}, {}, "no group has a key", id="no key at all"),
        pytest.param({}, {"a": {}}, "no group has a key", id="a group without keys"),
        pytest.param({}, {"a": {"api_keys": [""]}}, "empty", id="empty"),
        pytest.param({}, {"a": {"api_keys": [" "]}}, "empty", id="blank"),
        pytest.param({}, {"a": {"api_keys": [{}]}}, "either the key or its sha256", id="neither"),
        pytest.param(
            {},
            {"a": {"api_keys": [{"key": TEAM_KEY, "sha256": digest("x")}]}},
            "either the key or its sha256",
            id="both",
        ),
        pytest.param(
            {},
            {"a": {"api_keys": [TEAM_KEY]}, "b": {"api_keys": [TEAM_KEY]}},
            "also a key of another group",
            id="two groups",
        ),
        pytest.param(
            {},
            {
                "a": {"api_keys": [key("x")]},
                "b": {"api_keys": [f"sha256:{digest('x')}"]},
            },
            "also a key of another group",
            id="two groups, once by its digest",
        ),
        pytest.param(
            {},
            {"a": {"api_keys": [{"key": f"sha256:{digest('x')}"}]}},
            "is a digest, not a key",
            id="a digest as the key itself",
        ),
        pytest.param(
            {"host": "0.0.0.0"}, {"a": {"api_keys": ["KEY1"]}}, "is a placeholder", id="placeholder"
        ),
        pytest.param(
            {"host": "0.0.0.0", "allow_anonymous": True}, {}, "needs a loopback host", id="open"
        ),
        pytest.param(
            {"allow_anonymous": True},
            {"a": {"api_keys": [TEAM_KEY]}},
            "needs a group named 'default'",
            id="anonymous without a group",
        ),
    ],
)
def test_a_config_that_would_be_open_does_not_start(
    tmp_path: Path, top: dict[str, Any], groups: dict[str, Any], words: str
) -> None:
    problems = problems_of(tmp_path, top, groups)

    assert len(problems) == 1
    assert words in problems[0]
    assert TEAM_KEY not in problems[0]
