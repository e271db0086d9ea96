"""A migrated config chooses as the old one does: route, group, permission, list of models."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmproxy.assembly import Assembly
from lmproxy.call import Caller
from lmproxy.cli import Options
from lmproxy.cli.modern import Migration
from lmproxy.cli.serving import prepare
from lmproxy.errors import InvalidKey, ProxyError

KINDS = ["openai", "open_ai", "anthropic", "google_ai_studio", "google", "groq", "deep_infra"]
NAMES = ["alpha", "beta", "gamma"]
ASKED = ["a", "b", "ab", "a/b", "a.b", "gpt-4.1", "gpt-4.1-mini", "1", "aa/b.c"]
SPACE = st.sampled_from(["", " "])


@st.composite
def old_configs(draw: st.DrawFn) -> dict[str, Any]:
    """A config of lm-proxy's, of the kind that it takes itself."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    kinds = st.one_of(st.none(), st.sampled_from(KINDS))
    connections = {
        name: {"api_key": f"key-of-{name}", **({"api_type": kind} if kind else {})}
        for name in names
        for kind in [draw(kinds)]
    }
    patterns = st.one_of(st.sampled_from(ASKED), st.text("ab*?/.1", min_size=1, max_size=5))
    models = st.sampled_from(["*", "gpt-4.1.mini", "openai/gpt-oss-20b", "m"])
    targets = st.builds("{}.{}".format, st.sampled_from(names), models)
    groups = draw(st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, unique=True))
    return {
        "host": "127.0.0.1",
        **draw(st.sampled_from([{}, {"check_api_key": "lm_proxy.core.check_api_key"}])),
        "model_listing_mode": draw(st.sampled_from(["as_is", "ignore_wildcards"])),
        "connections": connections,
        "routing": draw(st.dictionaries(patterns, targets, min_size=1, max_size=6)),
        "groups": {group: draw(group_of(group, names)) for group in groups},
    }


@st.composite
def group_of(draw: st.DrawFn, name: str, names: list[str]) -> dict[str, Any]:
    keys = [f"key-{name}-{number}-0123456789" for number in range(draw(st.integers(1, 2)))]
    some = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    allowed = draw(st.sampled_from(["*", f"{draw(SPACE)},{draw(SPACE)}".join(some)]))
    return {"api_keys": keys, **draw(st.sampled_from([{}, {"allowed_connections": allowed}]))}


def assembled(folder: Path, name: str, values: dict[str, Any]) -> Assembly:
    file, env = folder / name, folder / "variables.env"
    file.write_text(tomli_w.dumps(values))
    env.write_text(f"STATE_DIRECTORY={folder / 'storage'}\n")
    return prepare(Options(config=file, env_file=env))


def choices(assembly: Assembly, old: dict[str, Any]) -> dict[str, Any]:
    """What it decides, for everybody and every name."""
    snapshot = assembly.snapshot
    found: dict[str, Any] = {}
    for group, table in old["groups"].items():
        caller = Caller(None, group)
        found[f"models of {group}"] = list(snapshot.models(caller, {}).items())
        for name in ASKED:
            found[f"{group} asks {name}"] = chosen(assembly, caller, name)
        for key in [*table["api_keys"], "no-key"]:
            found[f"{key} is of"] = owner(assembly, key)
    return found


def chosen(assembly: Assembly, caller: Caller, name: str) -> Any:
    snapshot = assembly.snapshot
    try:
        match = snapshot.routes.resolve(name)
        return snapshot.choose(caller, name, match.targets)
    except ProxyError as error:
        return error.code


def owner(assembly: Assembly, key: str) -> Any:
    try:
        found = assembly.snapshot.callers.identify([key.encode()])
    except InvalidKey:
        return None
    assert isinstance(found, Caller)
    return found


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(old_configs())
def test_a_migrated_config_makes_the_same_choices(old: dict[str, Any]) -> None:
    migration = Migration("old")
    migration.migrate(old)

    with tempfile.TemporaryDirectory() as name:
        before = choices(assembled(Path(name), "old.toml", old), old)
        after = choices(assembled(Path(name), "new.toml", migration.values), old)

    assert migration.lost == []
    assert after == before


@pytest.mark.parametrize("spelled", ["api_key", "API_KEY", "LLM_API_KEY", "openai_api_key"])
def test_every_spelling_of_a_connections_keys_is_ours(spelled: str) -> None:
    migration = Migration("old")
    migration.migrate({"connections": {"a": {spelled: "env:A", "api_platform": "deepinfra"}}})

    assert migration.values["connections"] == {"a": {"api_type": "deepinfra", "api_key": "env:A"}}
    assert migration.lost == []
