"""The code blocks of the documentation, as a reader meets them."""

import re
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from tests.harness.proxy import REPOSITORY

PAGES = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")])
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block. `place` is `page:line`."""

    place: str
    language: str
    text: str


def blocks(*languages: str) -> list[Block]:
    """Every block in one of these languages."""
    return [
        Block(
            f"{page.name}:{text.count(chr(10), 0, match.start()) + 1}", match[2], dedent(match[3])
        )
        for page in PAGES
        for text in [page.read_text()]
        for match in FENCE.finditer(text)
        if match[2] in languages
    ]


def block(place: str, language: str) -> Block:
    """The first block in `language` on the page `place`."""
    return next(b for b in blocks(language) if b.place.startswith(f"{place}:"))


ENVIRONMENT = {
    "OPENAI_API_KEY": "sk-0123456789abcdef0123",
    "GEMINI_API_KEY": "gemini_api_key-0123456789abcdef",
    "COHERE_API_KEY": "cohere_api_key-0123456789abcdef",
    "ANTHROPIC_API_KEY": "anthropic_api_key-0123456789abcdef",
    "AZURE_OPENAI_KEY": "azure_openai_key-0123456789abcdef",
    "AWS_ID": "aws_id-0123456789abcdef",
    "AWS_KEY": "aws_key-0123456789abcdef",
    "VERTEX_JSON": '{"type": "service_account"}',
    "TEAM_KEY": "team-0123456789abcdef0123",
    "INTERN_KEY": "intern-0123456789abcdef01",
    "RESEARCH_KEY": "research-0123456789abcdef",
    "GREETER_TOKEN": "greeter-0123456789abcdef",
    "ALICE_KEY": "alice-0123456789abcdef012",
    "CI_KEY": "ci-0123456789abcdef012345",
}

BASE: dict[str, Any] = {
    "host": "127.0.0.1",
    "connections": {
        "openai": {"api_key": "env:OPENAI_API_KEY"},
        "azure": {"api_key": "env:OPENAI_API_KEY"},
        "vllm": {"api_type": "vllm", "api_base": "http://127.0.0.1:9000/v1"},
    },
    "routing": {"*": "openai.*"},
    "groups": {"team": {"api_keys": ["env:TEAM_KEY"]}},
}


def as_config(document: dict[str, Any]) -> dict[str, Any]:
    """An example table made into a whole config: what it does not say comes from `BASE`."""
    connections = {**BASE["connections"], **document.get("connections", {})}
    return {**BASE, **document, "connections": connections}
