"""`[[loggers]]`: outputs beside the journal, which may fail without harm to anything else."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lmproxy.call import Json
from lmproxy.recording import Loggers, loggers
from lmproxy.recording.outputs import Handled, LogEntry
from tests.conftest import TEAM_KEY, base_config, bearer, chat
from tests.harness import configs, patient
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.provider.server import Provider

REQUEST = {"messages": [{"role": "user", "content": "hi"}], "user": "u"}
RAISING = """
class Broken:
    def __init__(self, mood: str = "bad"):
        self.mood = mood
    def write(self, record, request):
        raise RuntimeError(f"{self.mood}: {record} {request}")
    def close(self):
        raise RuntimeError("closing, too")
class Quitting(Broken):
    def write(self, record, request):
        raise SystemExit(1)
class Refusing:
    def __init__(self):
        raise ValueError("canary-of-the-constructor")
"""


class Gathering:
    """A logger that keeps what it is given, and may be held up."""

    def __init__(self) -> None:
        self.records: list[Json] = []
        self.requests: list[Json | None] = []
        self.may_write = threading.Event()
        self.may_write.set()
        self.is_writing = threading.Event()
        self.is_closed = False

    def write(self, record: Json, request: Json | None) -> None:
        self.is_writing.set()
        self.may_write.wait(30)
        self.records.append(record)
        self.requests.append(request)

    def close(self) -> None:
        self.is_closed = True


class Failing(Gathering):
    """A logger that raises."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def write(self, record: Json, request: Json | None) -> None:  # noqa: ARG002 - it raises.
        raise self._error

    def close(self) -> None:
        raise self._error


def test_every_output_has_every_record_by_the_time_of_closing() -> None:
    outputs = [Gathering(), Gathering()]
    running = Loggers(outputs)
    running.start()

    for number in range(100):
        running.put(LogEntry({"n": number}, REQUEST))
    running.close()

    assert [[record["n"] for record in output.records] for output in outputs] == [
        [*range(100)],
        [*range(100)],
    ]
    assert [output.requests for output in outputs] == [[REQUEST] * 100] * 2
    assert [output.is_closed for output in outputs] == [True, True]
    assert running.dropped == 0


@pytest.mark.parametrize("error", [RuntimeError("no"), OSError(28, "full"), SystemExit(1)])
def test_an_output_that_raises_is_counted_and_harms_no_other(error: BaseException) -> None:
    good = Gathering()
    running = Loggers([Failing(error), good])
    running.start()

    running.put(LogEntry({"n": 1}, None))
    running.put(LogEntry({"n": 2}, None))
    running.close()

    assert [record["n"] for record in good.records] == [1, 2]
    assert good.is_closed
    assert running.dropped == 2


def test_a_full_queue_drops_counts_and_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loggers, "LONGEST_QUEUE", 2)
    slow = Gathering()
    slow.may_write.clear()
    running = Loggers([slow])
    running.start()
    running.put(LogEntry({"n": 0}, None))
    assert slow.is_writing.wait(10)

    for number in range(1, 6):
        running.put(LogEntry({"n": number}, None))
    dropped = running.dropped
    slow.may_write.set()
    running.close()

    assert dropped == 3
    assert [record["n"] for record in slow.records] == [0, 1, 2]


def test_answers_that_wait_take_no_more_memory_than_they_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loggers, "MOST_BYTES_QUEUED", 10)
    slow = Gathering()
    slow.may_write.clear()
    running = Loggers([slow])
    running.start()
    running.put(LogEntry({"n": 0}, None, b"x" * 8))
    assert slow.is_writing.wait(10)

    for number in range(1, 5):
        running.put(LogEntry({"n": number}, None, b"x" * 5))
    dropped = running.dropped
    slow.may_write.set()
    running.close()

    assert dropped == 2
    assert [record["n"] for record in slow.records] == [0, 1, 2]


@pytest.mark.parametrize(
    ("asked", "handled"),
    [({"text": "x" * 60}, None), ({"text": "y"}, Handled({"text": "x" * 60}, {}))],
    ids=["as sent", "as handlers left it"],
)
def test_requests_that_wait_count_as_well(
    asked: Json, handled: Handled | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loggers, "MOST_BYTES_QUEUED", 100)
    slow = Gathering()
    slow.may_write.clear()
    running = Loggers([slow])
    running.start()
    running.put(LogEntry({"n": 0}, asked, handled=handled))
    assert slow.is_writing.wait(10)

    running.put(LogEntry({"n": 1}, asked, handled=handled))
    running.put(LogEntry({"n": 2}, asked, handled=handled))
    dropped = running.dropped
    slow.may_write.set()
    running.close()

    assert dropped == 1
    assert [record["n"] for record in slow.records] == [0, 1]


def test_an_output_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loggers, "LONGEST_FAREWELL_S", 0.05)
    hanging = Gathering()
    hanging.may_write.clear()
    running = Loggers([hanging])
    running.start()
    running.put(LogEntry({"n": 0}, None))
    assert hanging.is_writing.wait(10)
    running.put(LogEntry({"n": 1}, None))
    running.put(LogEntry({"n": 2}, None))

    running.close()
    lost = running.dropped
    hanging.may_write.set()

    assert lost == 2


def test_closing_twice_or_before_the_start_is_fine() -> None:
    running = Loggers([Gathering()])
    running.close()
    running.start()
    running.close()
    running.close()


@pytest.fixture(scope="module")
def plugged(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """What is wrong with `[[loggers]]` of this kind, beside a module of loggers."""
    folder = tmp_path_factory.mktemp("plugged")
    (folder / "raising_loggers.py").write_text(RAISING)
    (folder / "unfinished_logger.py").write_text("class X:\n    def write(:\n")
    (folder / "needy_logger.py").write_text("import nothing_of_that_name\n")

    def found(lines: str) -> list[str]:
        problems = configs.problems(folder, configs.text(tail=f"[[loggers]]\n{lines}"))
        return [words.split(": ", 1)[1].replace(str(folder), "") for words in problems]

    return found


def test_a_class_beside_the_config_needs_no_installation(
    plugged: Callable[[str], list[str]],
) -> None:
    assert plugged("class = 'raising_loggers.Broken'\nmood = 'worse'") == []


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("class = 'nowhere.X'", "loggers.0.class: there is no 'nowhere.X'"),
        ("class = 'raising_loggers.X'", "loggers.0.class: there is no 'raising_loggers.X'"),
        ("class = 'os.path'", "loggers.0.class: there is no 'os.path'"),
        ("class = '..'", "loggers.0.class: '.' cannot be imported: TypeError"),
        (
            "class = 'unfinished_logger.X'",
            "loggers.0.class: 'unfinished_logger' cannot be imported: SyntaxError at "
            "/unfinished_logger.py:2",
        ),
        (
            "class = 'needy_logger.X'",
            "loggers.0.class: 'needy_logger' cannot be imported: there is no module "
            "'nothing_of_that_name' (ModuleNotFoundError at "
            "/needy_logger.py:1",
        ),
        (
            "class = 'raising_loggers.Broken'\nmod = 'x'",
            "loggers.0.mod: unknown key; did you mean 'mood'?",
        ),
        ("class = 'raising_loggers.Broken'\nmood = 5", "loggers.0.mood: must be a string"),
        (
            "class = 'raising_loggers.Refusing'",
            "loggers.0: 'raising_loggers.Refusing' cannot be made: ValueError at "
            "/raising_loggers.py:14",
        ),
        ("class = 'builtins.type'", "loggers.0: 'builtins.type' cannot be made: "),
    ],
    ids=lambda value: value.splitlines()[0],
)
def test_a_class_that_cannot_be_used_is_a_problem_with_its_place(
    lines: str, words: str, plugged: Callable[[str], list[str]]
) -> None:
    (found,) = plugged(lines)

    assert found.startswith(words)


def test_loggers_work_in_a_running_proxy_beside_one_that_raises(
    provider: Provider, tmp_path: Path
) -> None:
    (tmp_path / "raising_loggers.py").write_text(RAISING)
    fields = {"prompt": "request.messages.0.content", "who": "owner", "none": "request.n.o"}
    outputs: list[dict[str, Any]] = [
        {"class": "raising_loggers.Broken"},
        {"class": "raising_loggers.Quitting"},
        {"class": "file", "path": "usage.jsonl", "fields": fields},
    ]
    config = {**base_config(provider), "loggers": outputs}

    with Proxy(config, tmp_path) as proxy:
        headers = bearer(TEAM_KEY)
        answers = [
            patient.post(f"{proxy.api}/chat/completions", json=chat("m"), headers=headers)
            for _ in range(3)
        ]
        until(lambda: _dropped(proxy) == 6, "two raising loggers times three records")
    lines = [json.loads(line) for line in (tmp_path / "usage.jsonl").read_text().splitlines()]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert lines == [{"prompt": "Say hello.", "who": "tessa", "none": None}] * 3
    assert len(proxy.records(model_asked="m")) == 3
    (said,) = proxy.log("a logger dropped a record")
    assert "Broken: RuntimeError at" in said["reason"]
    assert "Say hello." not in "".join(proxy.stderr)


def _dropped(proxy: Proxy) -> int:
    found: int = patient.get(f"{proxy.url}/ready").json()["logger_records_dropped"]
    return found
