"""A user of the openai SDK who draws, speaks and listens. Prints what it saw as JSON.

Usage: use_media.py BASE_URL KEY FOLDER
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import openai


def main(base_url: str, key: str, folder: str) -> dict[str, Any]:
    client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0)
    sound, picture = Path(folder, "speech.wav"), Path(folder, "dot.png")
    return {
        "sdk": openai.__version__,
        "pictures": pictures(client, picture),
        "drawn": [
            event.type
            for event in client.images.generate(
                model="relay/sdk-draw-stream", prompt="a dot", stream=True, partial_images=1
            )
        ],
        "speech": speech(client, Path(folder, "said.mp3")),
        "written": written(client, sound),
        "refused": refusal(client, sound),
    }


def pictures(client: Any, picture: Path) -> dict[str, Any]:
    made = client.images.generate(model="relay/sdk-draw", prompt="a dot", n=1, size="256x256")
    with picture.open("rb") as first, picture.open("rb") as second:
        changed = client.images.edit(
            model="relay/sdk-edit", image=[first, second], prompt="two dots"
        )
        varied = client.images.create_variation(model="relay/sdk-vary", image=picture)
    return {
        "made": len(base64.b64decode(made.data[0].b64_json)),
        "tokens": made.usage.total_tokens,
        "changed": len(changed.data),
        "varied": len(varied.data),
    }


def speech(client: Any, file: Path) -> dict[str, Any]:
    said = {"model": "relay/sdk-say", "voice": "alloy", "input": "Hello."}
    with client.audio.speech.with_streaming_response.create(**said) as answer:
        answer.stream_to_file(file)
    plain = client.audio.speech.create(**said)
    return {
        "streamed": file.read_bytes().decode("latin-1"),
        "plain": plain.content.decode("latin-1"),
        "type": plain.response.headers["content-type"],
    }


def written(client: Any, sound: Path) -> dict[str, Any]:
    with sound.open("rb") as file:
        plain = client.audio.transcriptions.create(
            model="relay/sdk-hear", file=file, timestamp_granularities=["word", "segment"]
        )
        file.seek(0)
        text = client.audio.transcriptions.create(
            model="relay/sdk-hear-text", file=file, response_format="text"
        )
        file.seek(0)
        english = client.audio.translations.create(model="relay/sdk-hear", file=file)
        file.seek(0)
        events = client.audio.transcriptions.create(
            model="relay/sdk-hear-stream", file=file, stream=True
        )
        return {
            "text": plain.text,
            "usage": plain.usage.total_tokens,
            "bare": text,
            "english": english.text,
            "events": [event.type for event in events],
        }


def refusal(client: Any, sound: Path) -> dict[str, Any]:
    try:
        with sound.open("rb") as file:
            client.audio.transcriptions.create(model="none/deaf", file=file)
    except openai.APIStatusError as error:
        return {"class": type(error).__name__, "code": error.code}
    return {}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))  # noqa: T201 - its answer to the test.
