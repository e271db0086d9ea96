"""A connection whose table says `class`, or that is a function or class alone: somebody's own.

A class gets the table's other keys as constructor parameters; what is made is called for every
request, unless it is a `Connection` itself.
"""

import inspect
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from lmproxy.config import schema
from lmproxy.config.binding import BindError, Misfit, Spec, bind, make, resolve_class
from lmproxy.config.fallback import PATH, SHORT
from lmproxy.config.places import KeyPath
from lmproxy.config.values import Alone
from lmproxy.threads import is_coroutine
from lmproxy.upstream.connection import Common, Connection
from lmproxy.upstream.function import Called
from lmproxy.upstream.inference import Inference

OURS = {"enabled", "timeouts", "concurrency", "models", "remote_media"}
OURS |= {"pass_params", "unsupported_params"}
"""Keys that mean the same for every connection, whoever made its class."""


def make_own(settings: schema.Connection, common: Common) -> Connection:
    """The connection that `class` names.

    Raises:
        BindError: it cannot be made, or what is made cannot be called.
    """
    place: KeyPath = ("connections", common.name)
    said = settings.params["class"]
    if isinstance(said, Alone):
        thing: Any = make(said.thing, place)
    else:
        place = (*place, "class")
        thing = _of_table(str(said), settings, common)
    if isinstance(thing, Connection):
        return thing
    if not callable(thing):
        words = "what it makes cannot be called: its class needs an async __call__"
        raise BindError([(place, words, None)])
    try:
        return Called(common, Inference(thing, by_messages=True, alone=True))
    except Misfit as misfit:
        where: KeyPath = ("connections", common.name, misfit.key)
        raise BindError([(where, misfit.message, misfit.hint)]) from None
    except (TypeError, ValueError):
        words = "takes no prompt: its first parameter is the list of messages"
        raise BindError([(place, words, None)]) from None


def _of_table(dotted: str, settings: schema.Connection, common: Common) -> Any:
    spec = Spec(dotted, {}, ("connections", common.name))
    found = resolve_class(spec, {SHORT: PATH}, "class")
    params = {key: value for key, value in settings.params.items() if key != "class"}
    if inspect.isclass(found) and issubclass(found, Connection):
        known = schema.Connection.model_fields
        return bind(found, replace(spec, params=params), also_known=known, common=common)
    # Keys that mean something for a provider, which this is none, are the class's to take.
    names = settings.given - OURS
    params |= {name: _plain(getattr(settings, name)) for name in names}
    if is_coroutine(found) and not params:
        return found
    return bind(found, replace(spec, params=params), also_known=OURS)


def _plain(value: Any) -> Any:
    """As it stands in the file."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value.get_secret_value() if isinstance(value, SecretStr) else value
