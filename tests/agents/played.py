"""What does the model do that aimock plays? It runs a command and says what came of it."""

from typing import Any

from tests.harness.aimock import Fixture

PROMPT = "How many lines has notes.txt?"
NOTES = "bread\nmilk\ntea\n"
COMMAND = "wc -l notes.txt"
SEEN = "3 notes.txt"
ANSWER = "notes.txt has 3 lines."
USAGE = {"prompt_tokens": 17, "completion_tokens": 9}
MODELS = {
    "openai": "gpt-5-mini",
    "anthropic": "claude-opus-4-8",
    "google": "gemini-2.5-flash",
}
"""A model of each type of provider, by the connection that leads to it: Claude Code's."""
CODEX = {**MODELS, "google": "gemini-2.5-pro"}
"""Codex's."""


def fixtures() -> list[Fixture]:
    """The command's output has to be in the request that is answered, whoever is asked."""
    return [
        _fixture({"toolResultContains": SEEN}, {"content": ANSWER}),
        _fixture(
            {"toolName": "Bash", "hasToolResult": False}, _calls("Bash", {"command": COMMAND})
        ),
        _fixture(
            {"toolName": "exec_command", "hasToolResult": False},
            _calls("exec_command", {"cmd": COMMAND}),
        ),
    ]


def _calls(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"toolCalls": [{"id": "call_1", "name": tool, "arguments": arguments}]}


def _fixture(match: dict[str, Any], response: dict[str, Any]) -> Fixture:
    return {"match": match, "response": {**response, "usage": USAGE}}
