"""As `use_sdk.mjs`, with an SDK for Python, run by the interpreter that has it.

Usage: use_sdk.py PACKAGE BASE_URL KEY MODELS
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

PROMPT = "How many lines has notes.txt?"
PRINTED = "3 notes.txt"
PROPERTIES = {"command": {"type": "string"}}
SCHEMA = {"type": "object", "properties": PROPERTIES, "required": ["command"]}
HELLO: Any = [{"role": "user", "content": "Say hello."}]


def failure_of(call: Callable[[], Any]) -> dict[str, Any] | None:
    try:
        call()
    except Exception as error:  # noqa: BLE001 - which one is what is asked.
        status = getattr(error, "status_code", None)
        return {"name": type(error).__name__, "status": status, "message": str(error)}
    return None


def timed(call: Callable[[], str]) -> dict[str, Any]:
    begun = time.monotonic()
    text = call()
    return {"text": text, "seconds": time.monotonic() - begun}


class OpenAI:
    """What a user of `openai` sees."""

    def __init__(self, package: Any, url: str, key: str, retries: int = 0) -> None:
        self._client = package.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=retries)

    def text(self, model: str, messages: Any = HELLO, **more: Any) -> str:
        return str(self._message(model, messages, **more).content)

    def stream(self, model: str) -> str:
        chunks = self._client.chat.completions.create(model=model, messages=HELLO, stream=True)
        return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)

    def loop(self, model: str) -> dict[str, str]:
        tools = [{"type": "function", "function": {"name": "Bash", "parameters": SCHEMA}}]
        messages: Any = [{"role": "user", "content": PROMPT}]
        message = self._message(model, messages, tools=tools)
        (call,) = message.tool_calls
        messages += [message, {"role": "tool", "tool_call_id": call.id, "content": PRINTED}]
        command = json.loads(call.function.arguments)["command"]
        return {"command": command, "answer": self.text(model, messages, tools=tools)}

    def own(self, ask: dict[str, str]) -> dict[str, Any]:
        usage = self._client.chat.completions.create(model=ask["plain"], messages=HELLO).usage
        response = self._client.responses.create(model=ask["response"], input="Say hello.")
        embedded = self._client.embeddings.create(model=ask["plain"], input="hello")
        return {
            "tokens": [usage.prompt_tokens, usage.completion_tokens],
            "models": self._models(),
            "response": response.output_text,
            "vector": embedded.data[0].embedding,
        }

    def _models(self) -> list[str]:
        return [model.id for model in self._client.models.list()]

    def _message(self, model: str, messages: Any, **more: Any) -> Any:
        create = self._client.chat.completions.create
        return create(model=model, messages=messages, **more).choices[0].message


class Anthropic:
    """What a user of `anthropic` sees."""

    def __init__(self, package: Any, url: str, key: str, retries: int = 0) -> None:
        self._client = package.Anthropic(base_url=url, api_key=key, max_retries=retries)

    def text(self, model: str, messages: Any = HELLO, **more: Any) -> str:
        return str(self._message(model, messages, **more).content[0].text)

    def stream(self, model: str) -> str:
        request = self._client.messages.stream(model=model, max_tokens=64, messages=HELLO)
        with request as stream:
            return str(stream.get_final_text())

    def loop(self, model: str) -> dict[str, str]:
        tools = [{"name": "Bash", "input_schema": SCHEMA}]
        messages: Any = [{"role": "user", "content": PROMPT}]
        content = self._message(model, messages, tools=tools).content
        (call,) = [block for block in content if block.type == "tool_use"]
        result = {"type": "tool_result", "tool_use_id": call.id, "content": PRINTED}
        messages += [{"role": "assistant", "content": content}]
        messages += [{"role": "user", "content": [result]}]
        command = call.input["command"]
        return {"command": command, "answer": self.text(model, messages, tools=tools)}

    def own(self, ask: dict[str, str]) -> dict[str, Any]:
        usage = self._message(ask["plain"], HELLO).usage
        count = self._client.messages.count_tokens(model=ask["plain"], messages=HELLO)
        models = [model.id for model in self._client.models.list()]
        return {
            "tokens": [usage.input_tokens, usage.output_tokens],
            "models": models,
            "count": count.input_tokens,
            "final": self._final(ask["plain"]),
        }

    def _final(self, model: str) -> list[Any]:
        with self._client.messages.stream(model=model, max_tokens=64, messages=HELLO) as stream:
            message = stream.get_final_message()
        return [message.role, message.stop_reason, message.usage.output_tokens]

    def _message(self, model: str, messages: Any, **more: Any) -> Any:
        return self._client.messages.create(model=model, max_tokens=64, messages=messages, **more)


def main(package_name: str, url: str, key: str, models: str) -> dict[str, Any]:
    package, ask = __import__(package_name), json.loads(models)
    user: Any = {"openai": OpenAI, "anthropic": Anthropic}[package_name]
    client, patient = user(package, url, key), user(package, url, key, retries=1)
    return {
        "plain": client.text(ask["plain"]),
        "stream": client.stream(ask["plain"]),
        "loop": client.loop(ask["loop"]),
        **client.own(ask),
        "stranger": failure_of(lambda: user(package, url, "not-a-key").text(ask["plain"])),
        "refused": failure_of(lambda: client.text(ask["refused"])),
        "broken": failure_of(lambda: client.stream(ask["broken"])),
        "locked": failure_of(lambda: patient.text(ask["locked"])),
        "waited": timed(lambda: patient.text(ask["busy"])),
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))  # noqa: T201 - its answer to the test.
