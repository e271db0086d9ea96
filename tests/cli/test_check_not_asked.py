"""`check --live` leaves alone whom it cannot ask for a token."""

from pathlib import Path

from tests.cli.test_check_live import live
from tests.conftest import UPSTREAM_KEY


def test_a_provider_that_has_nothing_to_chat_with_is_not_asked(tmp_path: Path) -> None:
    connections = {"voyage": {"api_type": "voyage", "api_key": UPSTREAM_KEY}}

    ended, lines = live(tmp_path, connections)

    assert (ended.returncode, len(lines)) == (0, 1)
    assert lines[0].startswith("voyage: not asked: it has nothing to chat with")
