"""Do the keys fit the class? A plugged-in class's constructor parameters are its TOML keys.

Adding a connection kind or a log sink is one class; no schema is written for it beside its
signature.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NotRequired, Required, TypeVar, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from lmproxy.config.places import KeyPath
from lmproxy.config.problems import explain, nearest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spec:
    """What the file says of a plugged-in thing.

    Attributes:
        kind: short name or dotted path of the class.
        params: its keys.
        place: where it stands in the file.
    """

    kind: str
    params: dict[str, Any]
    place: KeyPath


class BindError(Exception):
    """The keys do not fit the constructor; `found` holds path, message and hint of each."""

    def __init__(self, found: list[tuple[KeyPath, str, str | None]]) -> None:
        super().__init__("; ".join(message for _, message, _ in found))
        self.found = found


class Misfit(Exception):
    """Raised by a plugged-in class's constructor: the key `key` does not do."""

    def __init__(self, key: str, message: str, hint: str | None) -> None:
        super().__init__(message)
        self.key = key
        self.message = message
        self.hint = hint


def resolve_class(spec: Spec, known: dict[str, str], key: str) -> Any:
    """The class that `spec.kind` names: a short name of `known`, or anybody's dotted path.

    Raises:
        BindError: there is no such name, module or class.
    """
    dotted = known.get(spec.kind, spec.kind)
    module, _, name = dotted.rpartition(".")
    try:
        if not module:
            raise ImportError
        return getattr(import_module(module), name)
    except (ImportError, AttributeError):
        where = (*spec.place, key)
        raise BindError(
            [(where, f"there is no '{spec.kind}'", nearest(spec.kind, known))]
        ) from None


def bind(target: Callable[..., T], spec: Spec, also_known: Iterable[str] = (), **given: Any) -> T:
    """Call `target` with `spec.params`, checked against its annotations, and with `given`.

    Args:
        target: the class, or a function that makes one.
        spec: what the file says.
        also_known: keys that others take, for the hint at an unknown one.
        given: parameters that are not the file's to set.

    Raises:
        BindError: a key is unknown, missing or of the wrong type.
    """
    fields = dict(_fields(target, set(given)))
    shape = TypedDict("shape", fields)  # type: ignore[misc]
    shape.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
    try:
        checked = TypeAdapter(shape).validate_python(spec.params)
    except ValidationError as error:
        raise BindError(_found(error, spec, [*fields, *also_known])) from None
    try:
        return target(**checked, **given)
    except Misfit as misfit:
        found = ((*spec.place, misfit.key), misfit.message, misfit.hint)
        raise BindError([found]) from None


def _fields(target: Callable[..., Any], given: set[str]) -> Iterator[tuple[str, Any]]:
    constructor = target.__init__ if inspect.isclass(target) else target
    hints = get_type_hints(constructor)
    for name, parameter in inspect.signature(target).parameters.items():
        if name in given or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        needed = Required if parameter.default is parameter.empty else NotRequired
        yield name, needed[hints.get(name, Any)]


def _found(
    error: ValidationError, spec: Spec, known: list[str]
) -> list[tuple[KeyPath, str, str | None]]:
    return [
        (
            (*spec.place, *path),
            message,
            nearest(str(path[-1]), known) if message == "unknown key" else hint,
        )
        for path, message, hint in explain(error, spec.params)
    ]
