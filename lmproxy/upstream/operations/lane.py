"""An operation other than chat, by LiteLLM's function for it, over the connection's own way out.

What holds for chat on the litellm lane holds here: arguments by a list, the operator's key and
base, no retries, faults as they were seen on the way; and what did not go on is named.
"""

from dataclasses import dataclass, replace
from typing import Any

import orjson

from lmproxy import logs
from lmproxy.call import EVENTS, Call, Json, Observed, Reply
from lmproxy.errors import InvalidRequest, UnsupportedFields, UpstreamInvalidResponse
from lmproxy.upstream.arguments import Account
from lmproxy.upstream.litellm.door import Door, Litellm
from lmproxy.upstream.operations.media_function import fields, files
from lmproxy.upstream.operations.operation import LitellmFunction, Operation
from lmproxy.upstream.operations.table import OPERATIONS
from lmproxy.upstream.passing import Once
from lmproxy.upstream.request_body import dump
from lmproxy.upstream.translated import chain, fault_of, making_a_request, tripped
from lmproxy.upstream.translation_lanes import Wishes
from lmproxy.upstream.way_out import Way, WayOut

log = logs.get(__name__)

HANDLED = {"model", "stream", "stream_format"}
"""Fields with a meaning to the proxy itself."""
MAKERS = {"builtins", "litellm", "pydantic_core"}
"""Where the errors come from with which LiteLLM refuses a request."""


@dataclass(frozen=True, slots=True)
class FunctionLane:
    """The lane of one connection."""

    account: Account
    base: str
    way: Way
    wishes: Wishes
    door: Door

    def has(self, operation: str) -> bool:
        """Whether LiteLLM can ask this provider for it."""
        return self._place(operation) is not None

    def _place(self, operation: str) -> tuple[str, str] | None:
        known = OPERATIONS.get(operation)
        function = known.litellm if known else None
        return function.providers.get(self.account.provider) if function else None

    async def ask(self, call: Call, model: str, observed: Observed) -> Reply:
        """Send `call` as `model`.

        Raises:
            UpstreamFault: no answer came of it.
            Refused: nothing was sent.
        """
        operation = OPERATIONS[call.operation]
        function, place = operation.litellm, self._place(call.operation)
        assert function is not None
        assert place is not None
        _check_stream(call, operation)
        provider, path = place
        base = None if self.account.api_base is None else self.base + path
        account = replace(self.account, provider=provider, api_base=base)
        litellm = await self._loaded()
        observed.lane = "litellm"
        with making_a_request(litellm.public.meaning):
            arguments = self._arguments(litellm, function, account, call, model, observed)
        if function.files:
            arguments |= await files(call, function.files)
        way = self.way.begin(call, observed)
        try:
            made = await litellm.functions.call(function.name, account, model, arguments, way)
            return _reply(call, operation, made, way, observed)
        except Exception as error:
            if not (way.has_answer or way.fault) and _is_of_the_request(error):
                hard = function.hard(call.body) if function.hard else None
                raise tripped(error, litellm.public.meaning, hard) from error
            raise fault_of(error, way, litellm.public.meaning) from error
        finally:
            way.close()

    async def _loaded(self) -> Litellm:
        return await self.door.open_within(self.way.egress.policy.timeouts.first_byte_s)

    def _arguments(
        self,
        litellm: Litellm,
        function: LitellmFunction,
        account: Account,
        call: Call,
        model: str,
        observed: Observed,
    ) -> Json:
        own = function.own.get(account.provider, frozenset())
        body = {n: v for n, v in fields(call).items() if n not in function.files}
        known, extra, dropped = self._choose(function.parameters | own, body)
        free = function.required | self.wishes.passed | own
        asked = {name: value for name, value in known.items() if name not in free}
        refused = litellm.functions.refused(function.name, account.provider, model, asked)
        for name in refused:
            del known[name]
        observed.dropped_params = (*dropped, *refused)
        if self.wishes.unsupported == "reject" and observed.dropped_params:
            raise UnsupportedFields(observed.dropped_params)
        insisted = sorted(self.wishes.passed & known.keys() & function.parameters)
        more = {"allowed_openai_params": insisted} if insisted else {}
        return {**function.arguments(account.provider, known), **extra, **more}

    def _choose(self, parameters: frozenset[str], body: Json) -> tuple[Json, Json, list[str]]:
        """Of the client's fields: parameters, what the operator lets pass, what goes nowhere."""
        known: Json = {}
        extra: Json = {}
        dropped: list[str] = []
        for name, value in orjson.loads(dump(body)).items():
            if name in HANDLED or value is None:
                continue
            if name in parameters:
                known[name] = value
            elif name in self.wishes.passed:
                extra[name] = value
            else:
                dropped.append(name)
        return known, extra, dropped


def _reply(call: Call, operation: Operation, made: Any, way: WayOut, observed: Observed) -> Reply:
    """The reply of what LiteLLM gave.

    Raises:
        UpstreamFault: what was seen on the way, whatever LiteLLM made of it.
    """
    if way.fault is not None:
        raise way.fault
    kind, body = _content(call, operation, made, way, observed)
    observed.delivered_bytes = len(body)
    if not call.stream:
        return Reply(200, kind, body, observed)
    assert operation.wire.as_events is not None
    events = operation.wire.as_events(body, kind.decode("latin-1").partition(";")[0])
    if events is None:
        raise UpstreamInvalidResponse("The provider's answer cannot be streamed.")
    return Reply(200, EVENTS, Once(events), observed)


def _content(
    call: Call, operation: Operation, made: Any, way: WayOut, observed: Observed
) -> tuple[bytes, bytes]:
    """The media type and body of an answer, after a note of its usage."""
    assert operation.litellm is not None
    content = operation.litellm.content(call, made) if operation.litellm.content else None
    if content is not None:
        return content
    unsaid = {name for name in operation.litellm.made_up if not way.has_said(name)}
    answer = operation.litellm.answer(call, made.model_dump(exclude_none=True, exclude=unsaid))
    usage = operation.read_usage(answer)
    if usage and (way.has_counts or usage.seconds is not None):
        observed.usage = usage
    return b"application/json", orjson.dumps(answer)


def _check_stream(call: Call, operation: Operation) -> None:
    if call.stream and operation.wire.as_events is None:
        param = "stream" if operation.wants_stream is None else "stream_format"
        raise InvalidRequest(
            f"This model cannot be streamed by '{operation.name}' here. Leave out '{param}'.",
            code="unsupported_parameter",
            param=param,
        )


def _is_of_the_request(error: Exception) -> bool:
    """Whether LiteLLM itself gave up before anything was sent.

    What comes of a cloud's own library or of the network is about credentials.
    """
    return all(
        type(one).__module__.partition(".")[0] in MAKERS and not isinstance(one, OSError)
        for one in chain(error)
    )
