"""Loggers as lm-proxy's users write them into their configs, and functions of their own."""

from typing import Any

OWN = """
import asyncio
import json

FILE = "own.jsonl"


def note(kind, context):
    with open(FILE, "a") as file:
        said = None if context.response is None else str(context.response)
        tokens = context.response.usage.total_tokens if said else None
        asked = context.request.messages[0]["content"] if context.request else None
        file.write(json.dumps([kind, asked, said, tokens, context.error, context.model]) + "\\n")


def plain(context):
    note("plain", context)


async def waiting(context):
    await asyncio.sleep(0)
    note("async", context)


class Sink:
    def __call__(self, context):
        note("class", context)

    @staticmethod
    def static(context):
        note("static", context)


class Upper:
    def __init__(self, **names):
        self._names = names

    def __call__(self, context):
        return {key: str(getattr(context, name)).upper() for key, name in self._names.items()}


def failing(context):
    raise ValueError(context.request.messages)
"""


def json_log(writer: str = "lm_proxy.loggers.JsonLogWriter", **more: Any) -> dict[str, Any]:
    writing = {"class": writer, "file_name": "logs/json.log"}
    return {"class": "lm_proxy.loggers.BaseLogger", "log_writer": writing, **more}


def transformed(mapping: dict[str, str]) -> dict[str, Any]:
    return {"entry_transformer": {"class": "lm_proxy.loggers.LogEntryTransformer", **mapping}}
