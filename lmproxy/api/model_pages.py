"""Which page of the models does a client of Anthropic's ask for?

`limit` of them, behind `after_id` or just before `before_id`. Without a `limit` it is all of them:
Anthropic's own list would end at 20, and most clients read one page.
https://docs.anthropic.com/en/api/models-list
"""

from collections.abc import Mapping

from lmproxy.call import Json
from lmproxy.errors import InvalidRequest

MOST = 1000
"""As at Anthropic."""


def page(entries: list[Json], query: Mapping[str, str]) -> tuple[list[Json], bool]:
    """The page that `query` asks for, and whether there are more in the direction it reads.

    Raises:
        InvalidRequest: a `limit` that is none, an id that is not in the list, or two directions.
    """
    limit = _limit(query.get("limit"))
    after, before = query.get("after_id"), query.get("before_id")
    if after and before:
        raise InvalidRequest("Give 'after_id' or 'before_id', not both.", param="before_id")
    if before:
        earlier = entries[: _place(entries, before, "before_id")]
        first = max(0, len(earlier) - limit) if limit else 0
        return earlier[first:], first > 0
    later = entries[_place(entries, after, "after_id") + 1 :] if after else entries
    return later[:limit], limit is not None and len(later) > limit


def _limit(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST):
        raise InvalidRequest(f"'limit' must be a number from 1 to {MOST}.", param="limit")
    return int(text)


def _place(entries: list[Json], name: str, param: str) -> int:
    for place, entry in enumerate(entries):
        if entry["id"] == name:
            return place
    raise InvalidRequest(f"'{param}' names no model of this list.", param=param)
