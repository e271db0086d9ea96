"""What does OpenAI's own reference say of an answer? The judge of `tests/dialects`, asked here."""

from typing import Any

from tests.dialects import documents

VENDOR = "openai"


def faults(document: dict[str, Any], schema: str) -> list[str]:
    """What is wrong first with a `document` that should be what the reference calls `schema`."""
    return list(documents.flaws(VENDOR, schema, document))


def event_faults(event: dict[str, Any]) -> list[str]:
    """The same of a streamed event and its type."""
    return faults(event, documents.named_by_type(VENDOR, "ResponseStreamEvent")[event["type"]])
