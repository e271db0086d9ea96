"""Texts that a client chose are cut and without secrets before they reach a record."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from lmproxy.call import Arrival, Call, Json, Target
from lmproxy.recording import Draft, Journal, Loggers, Recorder, outcomes
from lmproxy.recording.words import LONGEST_TEXT

SECRET = "callers-own-key-0123456789"


def draft(agent: str, body: Json | None = None) -> Draft:
    """A request of a caller whose key is `SECRET`, with this user agent and body."""
    arrival = Arrival("openai", "chat", "POST", f"/{SECRET}", None, agent, None)
    found = Draft("req_0", arrival, secrets=(SECRET,))
    if body is not None:
        found.call = Call("openai", "chat", body["model"], body, stream=False)
        found.asked = body["model"]
        found.begin_attempt(Target("up", body["model"]), "relay").error_code = SECRET
    return found


def written(found: Draft, folder: Path, scrub: Any = str) -> Json:
    """The record of it."""
    journal = Journal(folder)
    journal.open()
    Recorder(journal, Loggers([]), "0" * 12, scrub).close(found, 200, outcomes.ANSWERED, SECRET)
    journal.close()
    parsed: Json = orjson.loads(journal.path.read_bytes())
    return parsed


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    found = written(draft("é" * 5000), tmp_path)

    assert found["user_agent"] == "é" * LONGEST_TEXT


@pytest.mark.parametrize("position", [0, 500, 508])
def test_a_secret_where_a_text_is_cut_leaves_no_part_of_itself(
    position: int, tmp_path: Path
) -> None:
    found = written(draft("x" * position + SECRET + "y" * 600), tmp_path)

    assert found["user_agent"].startswith("x" * position + "[secret]"[: 512 - position])
    assert "callers" not in found["user_agent"]


def test_the_callers_key_is_masked_in_every_text_of_its_own_choice(tmp_path: Path) -> None:
    body = {"model": SECRET, "user": SECRET, "reasoning_effort": SECRET, "messages": []}

    found = written(draft(f"agent {SECRET}", body), tmp_path)

    assert SECRET not in orjson.dumps(found).decode()
    assert found["model_asked"] == found["model_used"] == found["user"] == "[secret]"
    assert found["reasoning_effort"] == found["error_code"] == "[secret]"
    assert found["attempts"][0]["model"] == found["attempts"][0]["error_code"] == "[secret]"
    assert (found["user_agent"], found["path"]) == ("agent [secret]", "/[secret]")


def test_what_the_scrubber_knows_is_masked_too(tmp_path: Path) -> None:
    def scrub(text: str) -> str:
        return text.replace("upstream", "[masked]")

    found = written(draft("upstream agent"), tmp_path, scrub)

    assert found["user_agent"] == "[masked] agent"


def test_half_a_surrogate_pair_is_a_question_mark(tmp_path: Path) -> None:
    half = draft("agent")
    half.observed.finish_reason = "half \ud83d of it"

    assert written(half, tmp_path)["finish_reason"] == "half ? of it"


@pytest.mark.parametrize("value", [5, None, ["a"], {"a": 1}, True])
def test_what_is_no_text_is_null(value: Any, tmp_path: Path) -> None:
    body = {"model": "m", "user": value, "reasoning_effort": value, "messages": []}

    found = written(draft("agent", body), tmp_path)

    assert (found["user"], found["reasoning_effort"]) == (None, None)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a picture", False),
        ([{"type": "text", "text": "image_url"}], False),
        ([{"type": "text"}, {"type": "image_url"}], True),
        ([{"type": "input_image"}], True),
        ([None, 5, "image"], False),
        ({"type": "image"}, False),
    ],
)
def test_an_image_is_a_part_of_a_message_and_nothing_else(
    content: Any, expected: bool, tmp_path: Path
) -> None:
    body = {"model": "m", "messages": [None, "x", {"role": "user", "content": content}]}

    assert written(draft("agent", body), tmp_path)["image"] is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, False), ({"tools": []}, False), ({"tools": [{}]}, True), ({"functions": [{}]}, True)],
)
def test_offered_tools_are_noted(fields: Json, expected: bool, tmp_path: Path) -> None:
    body = {"model": "m", "messages": [], **fields}

    assert written(draft("agent", body), tmp_path)["tools"] is expected
