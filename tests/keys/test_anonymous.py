"""Who comes without a key: nobody, unless the config says so; and then as the group `default`."""

from pathlib import Path
from typing import Any

import pytest
import tomli_w

from lmproxy.assembly import assemble
from lmproxy.call import Caller
from lmproxy.config import load_config
from lmproxy.errors import InvalidKey
from lmproxy.keys.keyring import KeyRing
from tests.conftest import TEAM_KEY

DEFAULT = Caller(None, "default")
KEYED = {"default": {}, "team": {"api_keys": [{"key": TEAM_KEY, "id": "team-key"}]}}


def key_ring(folder: Path, groups: dict[str, Any]) -> KeyRing:
    file = folder / "proxy.toml"
    document = {
        "host": "127.0.0.1",
        "allow_anonymous": True,
        "connections": {"up": {"api_base": "http://127.0.0.1:9/v1", "api_key": "x"}},
        "groups": groups,
    }
    file.write_text(tomli_w.dumps(document))
    callers = assemble(load_config(file)).snapshot.callers
    assert isinstance(callers, KeyRing)
    return callers


@pytest.mark.parametrize(
    ("groups", "presented", "caller"),
    [
        pytest.param({}, [], DEFAULT, id="no groups, no key"),
        pytest.param({}, [b"any"], DEFAULT, id="no groups, some key"),
        pytest.param(KEYED, [], DEFAULT, id="no key"),
        pytest.param(KEYED, [TEAM_KEY.encode()], Caller("team-key", "team"), id="a good key"),
        pytest.param(KEYED, [b"wrong"], None, id="a wrong key"),
        pytest.param({**KEYED, "default": {"enabled": False}}, [], None, id="switched off"),
    ],
)
def test_a_caller_without_a_key_is_the_default_group_s_and_one_with_a_wrong_key_is_not(
    tmp_path: Path, groups: dict[str, Any], presented: list[bytes], caller: Caller | None
) -> None:
    ring = key_ring(tmp_path, groups)

    try:
        found = ring.identify(presented)
    except InvalidKey:
        found = None

    assert found == caller
