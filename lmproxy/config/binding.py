"""Do the keys fit the class? A plugged-in class's constructor parameters are its TOML keys.

Adding a connection kind or a log sink is one class; no schema is written for it beside its
signature.
"""

import builtins
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NotRequired, Required, TypeVar, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from lmproxy.config.lm_proxy_names import DOCUMENT, NAMES, is_theirs, ours
from lmproxy.config.places import KeyPath
from lmproxy.config.problems import explain, hint_at_unknown, nearest

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
    """Raised by a plugged-in class's constructor: the key `key` does not do.

    `key` may be `table.key`, for one inside a table.
    """

    def __init__(self, key: str, message: str, hint: str | None) -> None:
        super().__init__(message)
        self.key = key
        self.message = message
        self.hint = hint


def allow_imports_from(folder: Path) -> None:
    """Let dotted paths name modules in `folder`. They hide nothing that is installed."""
    place = str(folder.absolute())
    if place not in sys.path:
        sys.path.append(place)


def resolve_class(spec: Spec, known: dict[str, str], key: str | int) -> Any:
    """The class that `spec.kind` names: a short name of `known`, or anybody's dotted path.

    Raises:
        BindError: there is no such name, module or class, or its module cannot be imported.
    """
    found = _find(ours(known.get(spec.kind, spec.kind)).split("."), spec, key)
    if callable(found):
        return found
    message = f"there is no '{spec.kind}'" if spec.kind else "is required"
    raise BindError([((*spec.place, key), message, _hint_at_missing(spec.kind, known))])


def _hint_at_missing(kind: str, known: Iterable[str]) -> str | None:
    """What may have been meant by a name that stands for nothing, or why it does not."""
    if is_theirs(kind):
        return nearest(kind, NAMES) or f"what of lm-proxy's is here stands in {DOCUMENT}"
    path = kind.split(".")
    if len(path) == 1:
        is_builtin = bool(kind) and callable(getattr(builtins, kind, None))
        return nearest(kind, known) or (f"write 'builtins.{kind}'" if is_builtin else None)
    for length in range(len(path) - 1, 0, -1):
        name = ".".join(path[:length])
        if name in sys.modules:  # It was just imported.
            names = vars(sys.modules[name])
            if path[length] in names:
                return None  # Of a class in it, or nothing that can be called.
            meant = nearest(path[length], names)
            return meant or f"the module '{name}' has no '{path[length]}'"
    return f"put {path[0]}.py beside the config, or install the package that has it"


def _find(path: list[str], spec: Spec, key: str | int) -> Any:
    """What stands at `path`: in a module, or in a class of one. `None` if nothing does."""
    for length in range(len(path) - 1, 0, -1):
        module = _import(".".join(path[:length]), spec, key)
        if module is not None:
            return reduce(_attribute, path[length:], module)
    return None


def _attribute(thing: Any, name: str) -> Any:
    return getattr(thing, name, None)


def _import(module: str, spec: Spec, key: str | int) -> ModuleType | None:
    """The module, `None` if there is none. Whatever is wrong inside it is anybody's."""
    try:
        return import_module(module)
    except Exception as error:  # noqa: BLE001 - anybody's code may raise anything.
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            return None
        message = f"'{module}' cannot be imported: {why_not_imported(error)}"
        raise BindError([((*spec.place, key), message, None)]) from None


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
    try:
        fields = dict(_fields(target, set(given)))
        checked = _adapter(fields, takes_any=_takes_any(target)).validate_python(spec.params)
        return target(**checked, **given)
    except ValidationError as error:
        raise BindError(_found(error, spec, [*fields, *also_known])) from None
    except Misfit as misfit:
        found = ((*spec.place, *misfit.key.split(".", 1)), misfit.message, misfit.hint)
        raise BindError([found]) from None
    except Exception as error:  # noqa: BLE001 - anybody's code may raise anything.
        message = f"'{spec.kind}' cannot be made: {where_raised(error)}"
        raise BindError([(spec.place, message, None)]) from None


def _takes_any(target: Callable[..., Any]) -> bool:
    """Whether it takes keys of any name; nobody can tell of code without a signature."""
    parameters = _parameters(target)
    return parameters is None or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _parameters(target: Callable[..., Any]) -> Mapping[str, inspect.Parameter] | None:
    """Those of its signature; `None` for what is written in C and has none."""
    try:
        return inspect.signature(target).parameters
    except (TypeError, ValueError):
        return None


def make(
    said: Any,
    place: KeyPath,
    known: dict[str, str] | None = None,
    usual: str = "",
    given: Mapping[Any, dict[str, Any]] | None = None,
) -> Any:
    """What a table with `class`, a dotted path, or a thing of a Python config stands for.

    Of a class that is an instance, a function is itself; in a table, one that makes something.

    Args:
        said: one of these.
        place: where it stands in the file.
        known: the class of each short name.
        usual: the `class` of a table that names none.
        given: parameters that are not the file's to set, by the class whose subclasses take them.

    Raises:
        BindError: it cannot be made.
    """
    if isinstance(said, dict):
        params = dict(said)
        spec = Spec(str(params.pop("class", usual)), params, place)
        found = resolve_class(spec, known or {}, "class")
        if not params and _is_itself(found):
            return found
        return bind(found, spec, **_given(found, given or {}))
    spec = Spec(str(said), {}, place)
    found = said
    if isinstance(said, str):
        found = resolve_class(replace(spec, place=place[:-1]), known or {}, place[-1])
    return bind(found, spec) if inspect.isclass(found) else found


def _is_itself(found: Any) -> bool:
    """Whether a function that was named alone is meant: without arguments it makes nothing."""
    return inspect.isfunction(found) and any(
        parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
        for parameter in inspect.signature(found).parameters.values()
    )


def _given(found: Any, given: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    kinds = [kind for kind in given if inspect.isclass(found) and issubclass(found, kind)]
    return given[kinds[0]] if kinds else {}


def _adapter(fields: dict[str, Any], *, takes_any: bool) -> TypeAdapter[dict[str, Any]]:
    """What checks keys against annotations; those that no value can be checked against mean any."""
    try:
        return TypeAdapter(_shape(fields, takes_any=takes_any))
    except Exception:  # noqa: BLE001 - anybody's types may raise anything.
        for name, hint in fields.items():
            try:
                TypeAdapter(_shape({name: hint}, takes_any=False))
            except Exception:  # noqa: BLE001
                fields = {**fields, name: get_origin(hint)[Any]}
    return TypeAdapter(_shape(fields, takes_any=takes_any))


def _shape(fields: dict[str, Any], *, takes_any: bool) -> Any:
    shape = TypedDict("shape", fields)  # type: ignore[misc]
    shape.__pydantic_config__ = ConfigDict(  # type: ignore[attr-defined]
        extra="allow" if takes_any else "forbid", arbitrary_types_allowed=True
    )
    return shape


def where_raised(error: BaseException) -> str:
    """What went wrong in anybody's code, without the error's own words: they may hold a secret."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError at {error.filename}:{error.lineno}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    reason = f" ({os.strerror(error.errno)})" if isinstance(error, OSError) and error.errno else ""
    return f"{type(error).__name__}{reason} at {last.filename}:{last.lineno}"


def why_not_imported(error: BaseException) -> str:
    """As `where_raised`; for a module that is not there its name."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return where_raised(error)
    missing = f"there is no module '{error.name}' ({where_raised(error)})"
    if is_theirs(error.name):
        return f"{missing}: what a module of your own may import instead is in {DOCUMENT}"
    return missing


def _fields(target: Callable[..., Any], given: set[str]) -> Iterator[tuple[str, Any]]:
    constructor = target.__init__ if inspect.isclass(target) else target
    hints = _hints(constructor)
    for name, parameter in (_parameters(target) or {}).items():
        if name in given or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        needed = Required if parameter.default is parameter.empty else NotRequired
        yield name, needed[hints.get(name, Any)]


def _hints(constructor: Any) -> dict[str, Any]:
    """The annotations; without those that only a type checker can resolve."""
    try:
        return get_type_hints(constructor, include_extras=True)
    except Exception:  # noqa: BLE001 - anybody's annotations may raise anything.
        names = getattr(inspect.unwrap(constructor), "__globals__", {})
    found: dict[str, Any] = {}
    for name, said in getattr(constructor, "__annotations__", {}).items():
        alone = SimpleNamespace(__annotations__={name: said})
        with suppress(Exception):
            found |= get_type_hints(alone, names, include_extras=True)
    return found


def _found(
    error: ValidationError, spec: Spec, known: list[str]
) -> list[tuple[KeyPath, str, str | None]]:
    return [
        (
            (*spec.place, *path),
            message,
            hint_at_unknown((*spec.place, *path), known) if message == "unknown key" else hint,
        )
        for path, message, hint in explain(error, spec.params)
    ]
