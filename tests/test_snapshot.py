"""What is remembered of where requests went."""

from pathlib import Path

from lmproxy.call import Caller, Target
from lmproxy.snapshot import MOST_REMEMBERED
from tests.harness import configs


def test_invented_names_keep_no_other_from_being_remembered(tmp_path: Path) -> None:
    snapshot = configs.assembled(tmp_path, configs.text()).snapshot
    caller = Caller("key", "team")

    def chain(model: str) -> tuple[Target, ...]:
        return snapshot.chain(caller, model, [Target("up", model)])

    first = chain("first")
    for number in range(MOST_REMEMBERED):
        chain(f"invented-{number}")

    late = chain("late")
    assert chain("late") is late
    assert chain("first") == first
    assert chain("first") is not first
