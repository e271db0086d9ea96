"""What chat answered, read for another dialect: a whole answer, or a stream of events."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from lmproxy.call import Json, Observed, Pieces, Reply
from lmproxy.errors import UnsupportedFields, UpstreamInvalidResponse
from lmproxy.upstream.answers import json_object, read_whole
from lmproxy.upstream.events import json_of, split_events


@contextmanager
def in_clients_words(observed: Observed, names: Mapping[str, str]) -> Iterator[None]:
    """Around asking for chat: what was left out is named as the client wrote it.

    Args:
        observed: has the names that chat has.
        names: the client's by chat's, where they differ.

    Raises:
        UnsupportedFields: in the client's words as well.
    """
    try:
        yield
    except UnsupportedFields as error:
        raise UnsupportedFields(_renamed(error.names, names)) from error
    finally:
        observed.dropped_params = _renamed(observed.dropped_params, names)


def _renamed(said: Iterable[str], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names.get(name, name) for name in said))


async def whole_answer(reply: Reply) -> Json:
    """The answer of a plain reply, which is read to its end.

    Raises:
        UpstreamFault: that did not come, or it is no JSON object.
    """
    answer = json_object(await read_whole(reply.body))
    if answer is None:
        raise UpstreamInvalidResponse("The provider's answer is not a JSON object.")
    return answer


class BridgedStream:
    """The events of a streamed answer. Takes over the blocks of chat's."""

    def __init__(
        self, blocks: Pieces, add: Callable[[Json], bytes], end: Callable[[], bytes]
    ) -> None:
        """`add` gives the events of chat's next chunk; `end` the last ones."""
        self._blocks = blocks
        self._add = add
        self._end = end
        self._ended = False

    def __aiter__(self) -> "BridgedStream":
        return self

    async def __anext__(self) -> bytes:
        while not self._ended:
            try:
                block = await anext(self._blocks)
            except StopAsyncIteration:
                self._ended = True
                return self._end()
            said = map(json_of, split_events(block))
            events = b"".join(self._add(chunk) for chunk in said if isinstance(chunk, dict))
            if events:
                return events
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Stop the provider if it is still answering. May be called twice."""
        await self._blocks.aclose()
