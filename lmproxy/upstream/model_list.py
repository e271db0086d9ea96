"""How does each kind of provider list its models? One GET, or one per page, and what to read in it.

Azure names deployments, which a key cannot list; Bedrock and Vertex take other credentials: their
models are those of a connection's `models` table.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from lmproxy.call import Observed
from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.scrub import Scrubber
from lmproxy.upstream.egress import Egress
from lmproxy.upstream.faults import error_inside, rejected
from lmproxy.upstream.lease import Lease
from lmproxy.upstream.passing import Deadlines, Passing
from lmproxy.upstream.provider_json import read
from lmproxy.upstream.vendor import Vendor

MOST_BYTES = 8 * 1024 * 1024
"""Of one page, many times what a market of models needs."""
MOST_PAGES = 20
PAGE_SIZE = "1000"
"""The most that Anthropic and Google give at once."""


@dataclass(frozen=True, slots=True)
class Way:
    """How to ask for a list and how to read it.

    Attributes:
        path: below the connection's base URL and its vendor's `path_prefix`.
        items: the field with the models; an array that stands for itself is taken as well.
        name: the field of a model with its name, from which `prefix` is taken off.
        cursor: the page's field and the query's parameter that lead to the next page.
        more: the page's field that has to be true for there to be a next one.
        empty_is_absent: whether a page leaves out `items` when it has none.
    """

    path: str = "/models"
    items: str = "data"
    name: str = "id"
    prefix: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    cursor: tuple[str, str] | None = None
    more: str | None = None
    empty_is_absent: bool = False


OPENAI = Way()
# https://docs.anthropic.com/en/api/models-list
ANTHROPIC = Way(
    headers={"anthropic-version": "2023-06-01"},
    query={"limit": PAGE_SIZE},
    cursor=("last_id", "after_id"),
    more="has_more",
)
# https://ai.google.dev/api/models#method:-models.list
GOOGLE = Way(
    path="/v1beta/models",
    items="models",
    name="name",
    prefix="models/",
    query={"pageSize": PAGE_SIZE},
    cursor=("nextPageToken", "pageToken"),
    empty_is_absent=True,
)

WAYS: Mapping[str, Way | None] = MappingProxyType(
    {
        "anthropic": ANTHROPIC,
        "google": GOOGLE,
        "azure": None,
        # A bare array: no OpenAI client reads it, so the vendor table does not say `models`.
        "together_ai": OPENAI,
    }
)
"""The way of vendors for which it does not follow from `speaks`."""


def listing_way(vendor: Vendor, speaks: Collection[str]) -> Way | None:
    """How a provider that `speaks` these operations lists its models; `None`: it does not."""
    if vendor.api_type in WAYS:
        return WAYS[vendor.api_type]
    return OPENAI if "models" in speaks else None


@dataclass(frozen=True, slots=True)
class ModelList:
    """One provider's list. `way` is `None` for a provider that has none."""

    egress: Egress
    way: Way | None
    scrubber: Scrubber

    async def read(self) -> tuple[str, ...] | None:
        """The names, each once, in the provider's order; `None` if it has no list.

        Raises:
            UpstreamFault: unreachable, refused, too slow, too long, or not a list.
        """
        if self.way is None:
            return None
        names: dict[str, None] = {}
        further: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = await self._page(self.way, further)
            names.update(dict.fromkeys(_names(self.way, page)))
            further = _next_page(self.way, page)
            if not further:
                break
        return tuple(names)

    async def _page(self, way: Way, further: dict[str, str]) -> Any:
        url = self.egress.url(way.path).update_query({**way.query, **further})
        limits = self.egress.policy.timeouts
        deadlines = Deadlines.from_now(limits, stream=False)
        response = await self.egress.get(url, way.headers, limits.answer_s)
        # A list takes none of the connection's `concurrency`: that is for requests.
        passing = Passing(response, Observed(), deadlines, Lease(lambda: None))
        try:
            passing.begin()
            body = await passing.some(MOST_BYTES)
        finally:
            passing.close()
        if passing.status != 200:
            raise rejected(passing.status, body, passing.headers, self.scrubber)
        if not passing.at_end:
            raise UpstreamInvalidResponse("The provider's list of models is too long.")
        return self._parsed(body)

    def _parsed(self, body: bytes) -> Any:
        page = read(body)
        if isinstance(page, dict) and page.get("error"):
            raise error_inside(page["error"], self.scrubber)
        return page


def _names(way: Way, page: Any) -> Iterator[str]:
    """The names on a page. An item without one is left out.

    Raises:
        UpstreamInvalidResponse: this is not a list of models.
    """
    absent: list[Any] | None = [] if way.empty_is_absent and page == {} else None
    items = page.get(way.items, absent) if isinstance(page, dict) else page
    if not isinstance(items, list):
        raise _unreadable()
    for item in items:
        name = item.get(way.name) if isinstance(item, dict) else None
        if isinstance(name, str):
            yield name.removeprefix(way.prefix)


def _next_page(way: Way, page: Any) -> dict[str, str]:
    """What the query for the next page has more; nothing after the last one."""
    if way.cursor is None or not isinstance(page, dict):
        return {}
    if way.more is not None and page.get(way.more) is not True:
        return {}
    place, parameter = way.cursor
    value = page.get(place)
    return {parameter: value} if isinstance(value, str) and value else {}


def _unreadable() -> UpstreamInvalidResponse:
    return UpstreamInvalidResponse("The provider's list of models cannot be read.")
