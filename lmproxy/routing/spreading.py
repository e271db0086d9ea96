"""Which targets does a rule's target stand for? Itself, or the members of a Fallback, in order.

A Fallback inside another is spread as well, so that a request has one flat list to go through. What
the outer one overrides reaches the inner one's members, which have the last word.
"""

from collections.abc import Iterator

from lmproxy.call import Json, Target
from lmproxy.config import Config
from lmproxy.config.fallback import Fallbacks


def spread(target: Target, fallbacks: Fallbacks, config: Config) -> Iterator[Target]:
    """What `target` leads to. A Fallback that is switched off keeps its members: who asks is told.

    Args:
        target: a template: its model may be `*`, and then those of members that name none are.
        fallbacks: without circles.
        config: says which of the Fallbacks inside are switched off: they are passed over.
    """
    via = target.connection
    if via not in fallbacks:
        yield target
        return
    for connection, model, overrides in _members(via, target.model, {}, fallbacks, config):
        yield Target(connection, model, via, overrides or None)


def _members(
    name: str, model: str, overrides: Json, fallbacks: Fallbacks, config: Config
) -> Iterator[tuple[str, str, Json]]:
    for member in fallbacks[name]:
        below = member.connection
        named = model if member.model == "*" else member.model
        said = {**overrides, **member.overrides}
        if below not in fallbacks:
            yield below, named, said
        elif config.settings.connections[below].enabled:
            yield from _members(below, named, said, fallbacks, config)
