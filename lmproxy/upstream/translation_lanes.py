"""The lanes that translate: a provider that does not speak OpenAI's format, asked through LiteLLM.

On the translate lane LiteLLM's transformations make the request and read the answer, and our client
carries them. On the litellm lane its public call does it all, over our way out. What a client sends
and gets is the same on both; a lane that cannot do a request leaves it to the litellm lane.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from lmproxy import logs
from lmproxy.call import EVENTS, Call, Json, Observed, Reply
from lmproxy.errors import InvalidRequest, NotFound, UnsupportedFields, UpstreamFault
from lmproxy.upstream import (
    call_ids,
    carried,
    fidelity,
    history,
    misread,
    recursive,
    token_count,
)
from lmproxy.upstream.arguments import (
    UNTRANSLATABLE,
    Account,
    Arguments,
    UnsupportedParams,
    choose,
    untranslatable,
)
from lmproxy.upstream.culprit import culprit
from lmproxy.upstream.litellm.door import Door, Litellm
from lmproxy.upstream.litellm.names import STREAMS_UNREAD, TRANSLATED
from lmproxy.upstream.translated import TranslatedStream, fault_of, making_a_request, plain, read
from lmproxy.upstream.way_out import Way, WayOut

if TYPE_CHECKING:
    from lmproxy.upstream.litellm.internals import Translation

log = logs.get(__name__)

MOST_MODELS = 1000
"""Translations kept; a client that invents names does not fill the memory."""
WARM_MODEL = "warm-up"
HELLO = [{"role": "user", "content": "hello"}]
"""Messages that nobody stumbles over."""
SWITCHES = ("responses/",)
"""Beginnings of model names that make LiteLLM ask another of the provider's APIs."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator wants done with parameters.

    Attributes:
        unsupported: `reject` refuses a request that has one; anything else drops and names it.
        passed: provider parameters that go on.
    """

    unsupported: UnsupportedParams
    passed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request under way."""

    litellm: Litellm
    call: Call
    model: str
    arguments: Arguments
    way: WayOut
    observed: Observed

    async def whole(self, answer: Json) -> Reply:
        """The reply of a whole answer; a stream if the client asked for one."""
        if self.call.stream:
            return await self.stream(_together(answer))
        self.way.close()
        return plain(self.call, answer, self.observed, self.way)

    async def stream(self, batches: AsyncGenerator[Iterable[Json], None]) -> Reply:
        """The reply of a streamed answer, once its first event is there."""
        meaning = self.litellm.public.meaning
        stream = TranslatedStream(self.call, batches, self.way, self.observed, meaning)
        try:
            await stream.first()
        except BaseException:
            await stream.aclose()
            raise
        return Reply(200, EVENTS, stream, self.observed)


class Translating:
    """Both lanes of one connection."""

    def __init__(self, account: Account, way: Way, wishes: Wishes, door: Door) -> None:
        """Nothing is loaded yet."""
        self._account = account
        self._way = way
        self._wishes = wishes
        self._door = door
        self._translations: dict[str, Translation] = {}

    async def warm(self, lane: str) -> None:
        """Have LiteLLM loaded, and its first use of this provider behind us."""
        litellm = await self._door.open()
        body = {"messages": HELLO, "temperature": 0.5}
        await asyncio.to_thread(self._try, litellm, body, lane)

    def _try(self, litellm: Litellm, body: Json, lane: str) -> None:
        """Translate a request that is not sent. LiteLLM may refuse the model's name: no matter."""
        with contextlib.suppress(Exception):
            call = Call("openai", "chat", WARM_MODEL, body, stream=True)
            arguments = self._arguments(litellm, call, WARM_MODEL, Observed())
            if lane == "translate":
                self._translation(litellm, WARM_MODEL).request(arguments, stream=True)

    async def ask(self, call: Call, model: str, observed: Observed, lane: str) -> Reply:
        """Send `call` as `model` on the `translate` or the `litellm` lane.

        Raises:
            UpstreamFault: no answer came of it.
            Refused: nothing was sent.
        """
        litellm = await self._loaded()
        try:
            return await self._ask(litellm, call, model, observed, lane)
        except InvalidRequest as error:
            if error.code != UNTRANSLATABLE:
                raise
            raise untranslatable(self._stumbles_over(litellm, call, model)) from error

    def _stumbles_over(self, litellm: Litellm, call: Call, model: str) -> str | None:
        """The one parameter of which LiteLLM can make no request; `None`: it is something else."""
        supported = litellm.public.supported(self._account.provider, model)
        arguments = choose({**call.body, "messages": HELLO}, supported, self._wishes.passed)
        return culprit(arguments, partial(self._can_make, litellm, model))

    def _can_make(self, litellm: Litellm, model: str, arguments: Arguments) -> bool:
        fresh = replace(arguments, known=deepcopy(arguments.known), messages=deepcopy(HELLO))
        provider = self._account.provider
        with contextlib.suppress(Exception):  # Of any class: it was one that brought us here.
            if litellm.translator is not None and provider in TRANSLATED:
                self._translation(litellm, model).request(fresh, stream=False)
            else:
                litellm.public.map_parameters(provider, model, fresh.known)
            return True
        return False

    async def _ask(
        self, litellm: Litellm, call: Call, model: str, observed: Observed, lane: str
    ) -> Reply:
        with making_a_request(litellm.public.meaning):
            arguments = self._arguments(litellm, call, model, observed)
            if lane == "translate" and not self._can_translate(litellm, model, arguments):
                lane = "litellm"
        observed.lane = lane
        way = self._way.begin(call, observed)
        way.check = partial(self._check, call, arguments, observed)
        asked = Asked(litellm, call, model, arguments, way, observed)
        try:
            ask = self._translate if lane == "translate" else self._through_litellm
            return await ask(asked)
        except BaseException as error:
            way.close()
            if isinstance(error, Exception):
                raise fault_of(error, way, litellm.public.meaning) from error
            raise

    async def count(self, call: Call, model: str, observed: Observed) -> int | None:
        """How many tokens the provider counts in `call`; `None`: it does not count that.

        It fails as `ask` does.
        """
        litellm = await self._loaded()
        with making_a_request(litellm.public.meaning):
            arguments = self._arguments(litellm, call, model, observed)
            if not self._can_translate(litellm, model, arguments):
                return None
            prepared = self._translation(litellm, model).request(arguments, stream=False)
        way = self._way.begin(call, observed)
        way.check = partial(self._check, call, arguments, observed)
        try:
            asked = token_count.question(prepared.outgoing, model, prepared.data)
            return token_count.said(await way.whole(await way.send(asked)))
        except UpstreamFault:
            if way.status in token_count.CANNOT:
                return None
            raise
        finally:
            way.close()

    async def _loaded(self) -> Litellm:
        """LiteLLM, waited for as long as a provider's first byte would be."""
        return await self._door.open_within(self._way.egress.policy.timeouts.first_byte_s)

    async def _through_litellm(self, asked: "Asked") -> Reply:
        public = asked.litellm.public
        if asked.call.stream and self._account.provider not in STREAMS_UNREAD:
            translator = asked.litellm.translator
            reader_of = translator.reader_of if translator else _nobody
            chunks = public.stream(
                self._account, asked.model, asked.arguments, asked.way, reader_of
            )
            return await asked.stream(chunks)
        answer = await public.ask(self._account, asked.model, asked.arguments, asked.way)
        if asked.way.fault is not None:
            raise asked.way.fault
        return await asked.whole(answer)

    async def _translate(self, asked: "Asked") -> Reply:
        translation = self._translation(asked.litellm, asked.model)
        with making_a_request(asked.litellm.public.meaning):
            prepared = translation.request(asked.arguments, stream=asked.call.stream)
        passing = await asked.way.send(prepared.outgoing)
        headers = dict(passing.headers)
        if not prepared.outgoing.streams:
            answer = await asked.way.whole(passing)
            return await asked.whole(translation.answer(prepared, headers, answer))
        reader = translation.reader(prepared, headers)
        return await asked.stream(read(asked.way, passing, reader))

    def _arguments(self, litellm: Litellm, call: Call, model: str, observed: Observed) -> Arguments:
        if model.startswith(SWITCHES):
            raise NotFound(f"There is no model '{call.model}'.", code="model_not_found")
        provider, public = self._account.provider, litellm.public
        supported = public.supported(provider, model)
        chosen = choose(call.body, supported, self._wishes.passed)
        arguments = recursive.unroll(chosen, provider)
        refused = public.refused(provider, model, arguments.known)
        for name in refused:
            del arguments.known[name]
        misfit = misread.put_right(arguments, provider, model)
        messages = history.whole(arguments.messages, provider)
        signed = ("messages[].thinking",) if call_ids.fit(messages, provider, model) else ()
        dropped = (*arguments.dropped, *refused, *misfit, *signed)
        observed.dropped_params = (*observed.dropped_params, *dropped)
        if self._wishes.unsupported == "reject" and observed.dropped_params:
            raise UnsupportedFields(observed.dropped_params)
        return replace(arguments, messages=messages)

    def _check(self, call: Call, arguments: Arguments, observed: Observed, sent: bytes) -> None:
        """Name what is missing from the provider's request; refuse it without its media.

        Raises:
            InvalidRequest: a medium is missing, or anything, if the operator wants that refused.
        """
        if not sent:
            return
        messages = call.body["messages"]
        fidelity.check_media(messages, sent)
        as_json = fidelity.wants_any_json(arguments.known.get("response_format"))
        lost = fidelity.lost_marks(arguments.source, sent)
        lost += fidelity.lost_parameters(arguments.known, sent)
        lost += fidelity.lost_format(call.body.get("response_format"), sent)
        lost += fidelity.lost_schemas(call.body.get("tools"), sent)
        lost += carried.lost(messages, sent, as_json=as_json)
        observed.dropped_params = tuple(dict.fromkeys((*observed.dropped_params, *lost)))
        if self._wishes.unsupported == "reject" and lost:
            raise UnsupportedFields(lost)

    def _can_translate(self, litellm: Litellm, model: str, arguments: Arguments) -> bool:
        translator = litellm.translator
        return (
            translator is not None
            and not fidelity.has_remote_media(arguments.messages)
            and not translator.is_bridged(self._account.provider, model, arguments)
        )

    def _translation(self, litellm: Litellm, model: str) -> "Translation":
        kept = self._translations
        if model not in kept and litellm.translator is not None:
            if len(kept) >= MOST_MODELS:
                kept.clear()
            kept[model] = litellm.translator.translation(self._account, model)
        return kept[model]


def _nobody(_: object) -> None:
    """LiteLLM's iterators read their streams themselves."""


async def _together(*chunks: Json) -> AsyncGenerator[Iterable[Json], None]:
    yield chunks
