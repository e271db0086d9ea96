"""Where does it go? Said a second time, naively, from the documents and not from the code.

docs/route.md, docs/keys-and-groups.md and row M003; for `{1}` the shortest text of the first star.
"""

import re
from fnmatch import fnmatchcase
from typing import Any

NAME = r"[A-Za-z0-9][A-Za-z0-9._:@+/-]{0,127}"


def oracle(config: dict[str, Any], group: dict[str, Any], name: str) -> str:
    """`connection model`, or the code of the refusal, for a caller of `group`."""
    name = name or config["default_model"]
    if not well_formed(name):
        return "invalid_model_name"
    for pattern, value in config["routing"].items():
        if fnmatchcase(name, pattern):
            targets = [fill(target, pattern, name) for target in value]
            targets = [(to, model) for to, model in targets if well_formed(model)]
            return choose(config, group, name, targets) if targets else "model_not_found"
    return "model_not_found"


def choose(config: dict[str, Any], group: dict[str, Any], name: str, targets: list[Any]) -> str:
    if not any(fnmatchcase(name, pattern) for pattern in group["allowed_models"]):
        return "model_not_allowed"
    mine = group["allowed_connections"]
    targets = [(to, model) for to, model in targets if to in mine or "*" in mine]
    if not targets:
        return "model_not_allowed"
    known = [(config["connections"][to], to, model) for to, model in targets]
    having = [x for x in known if "models" not in x[0] or x[2] in x[0]["models"]]
    for connection, to, model in having:
        if connection["enabled"]:
            return f"{to} {connection.get('models', {}).get(model, model)}"
    return "connection_disabled" if having else "model_not_found"


def fill(target: str, pattern: str, name: str) -> tuple[str, str]:
    connection, model = target.split(".", 1)
    if "{1}" not in model:
        return connection, name if model == "*" else model
    before, _, after = re.sub(r"\*+", "*", pattern).partition("*")
    cuts = [(i, j) for i in range(len(name) + 1) for j in range(i, len(name) + 1)]
    start, end = next(
        (i, j) for i, j in cuts if fnmatchcase(name[:i], before) and fnmatchcase(name[j:], after)
    )
    return connection, model.replace("{1}", name[start:end])


def well_formed(name: str) -> bool:
    return bool(re.fullmatch(NAME, name)) and not re.search(r"\.\.|//|/$", name)
