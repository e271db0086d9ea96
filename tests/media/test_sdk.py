"""The openai SDKs, both majors, as their users draw, speak and listen with them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TEAM_KEY
from tests.harness.proxy import Proxy
from tests.harness.sdks import NODES, PYTHONS, OpenAISdk
from tests.media.uploading import fields_of, parts_of, wav
from tests.provider import media
from tests.provider.behaviours import plain
from tests.provider.server import Provider
from tests.provider.wire import SeenRequest

SOUND = b"ID3 hello"
BEHAVIOURS = {
    "sdk-draw": plain(media.pictures()),
    "sdk-edit": plain(media.pictures()),
    "sdk-vary": plain(media.pictures()),
    "sdk-draw-stream": media.typed_events(
        [
            {
                "type": "image_generation.partial_image",
                "b64_json": "AA==",
                "partial_image_index": 0,
            },
            {"type": "image_generation.completed", "b64_json": "AA==", "usage": media.IMAGE_USAGE},
        ]
    ),
    "sdk-say": media.sound([SOUND[:3], SOUND[3:]]),
    "sdk-hear": plain(media.transcription()),
    "sdk-hear-text": media.text(media.SPOKEN),
    "sdk-hear-stream": plain(media.transcription()),
}


@dataclass(frozen=True, slots=True)
class Used:
    """What the SDK's user saw, and what the provider was asked for each model."""

    seen: dict[str, Any]
    asked: dict[str, list[SeenRequest]]


@pytest.fixture(scope="module", params=[*PYTHONS, *NODES], ids=str)
def used(
    request: pytest.FixtureRequest,
    operations: Proxy,
    provider: Provider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Used:
    """It was used, for everything that the tests look at."""
    for model, behaviour in BEHAVIOURS.items():
        provider.on(model, behaviour)
    folder: Path = tmp_path_factory.mktemp("media")
    (folder / "speech.wav").write_bytes(wav())
    (folder / "dot.png").write_bytes(media.PNG)
    sdk: OpenAISdk = request.param
    seen = sdk.saw("use_media", operations.api, TEAM_KEY, str(folder))
    return Used(seen, {model: provider.requests_for(model) for model in BEHAVIOURS})


@pytest.fixture
def seen(used: Used) -> dict[str, Any]:
    """What the SDK's user saw."""
    return used.seen


def test_pictures_are_made_changed_and_varied(seen: dict[str, Any], used: Used) -> None:
    assert seen["pictures"] == {
        "made": len(media.PNG),
        "tokens": 282,
        "changed": 1,
        "varied": 1,
    }
    assert seen["drawn"] == ["image_generation.partial_image", "image_generation.completed"]
    edit = used.asked["sdk-edit"][-1]
    files = [part.data for part in parts_of(edit) if b"Content-Type" in part.headers]
    assert files == [media.PNG] * 2


def test_speech_is_streamed_to_a_file(seen: dict[str, Any]) -> None:
    assert seen["speech"] == {
        "streamed": SOUND.decode(),
        "plain": SOUND.decode(),
        "type": "audio/mpeg",
    }


def test_what_was_said_is_written_down(seen: dict[str, Any], used: Used) -> None:
    written = seen["written"]

    assert (written["text"], written["english"]) == (media.SPOKEN, media.SPOKEN)
    assert written["usage"] == 19
    assert written["bare"].strip() == media.SPOKEN
    assert written["events"] == ["transcript.text.delta", "transcript.text.done"]
    heard = [r for r in used.asked["sdk-hear"] if "transcriptions" in r.path]
    assert {fields_of(request)["file"] for request in heard} == {wav()}


def test_a_model_without_it_is_a_not_found_error(seen: dict[str, Any]) -> None:
    assert seen["refused"] == {"class": "NotFoundError", "code": "operation_not_supported"}
