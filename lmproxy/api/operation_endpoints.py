"""The endpoints of the operations other than chat: OpenAI's dialect, one function for all of them.

What is special of each stands in `upstream/`, in one file per operation.
"""

from collections.abc import Iterator
from dataclasses import replace

from lmproxy.api.answering import ask_and_send
from lmproxy.api.body_fields import model_of, wants_stream
from lmproxy.api.endpoint import Endpoint
from lmproxy.api.exchange import Exchange
from lmproxy.api.form_body import is_form, reading_form
from lmproxy.api.json_body import read_json
from lmproxy.api.openai_chat import HEADERS_THAT_GO_ON
from lmproxy.call import Call, Json
from lmproxy.gateway import Passage
from lmproxy.upstream.operations.operation import Operation
from lmproxy.upstream.operations.table import OPERATIONS


def _endpoints(operation: Operation) -> Iterator[Endpoint]:
    async def answer(exchange: Exchange, passage: Passage) -> None:
        await passage.admit()
        if operation.takes == "json" or not (operation.takes == "form" or is_form(exchange)):
            call = parse(operation, await read_json(exchange), exchange)
            await ask_and_send(exchange, passage, call)
            return
        async with reading_form(exchange) as (form, fields):
            call = replace(parse(operation, fields, exchange), form=form)
            await ask_and_send(exchange, passage, call)

    for path in operation.paths:
        yield Endpoint("POST", path, operation.name, answer, operation.summary)
    for path in operation.paths_beside:
        yield Endpoint("POST", path, operation.name, answer, operation.summary, beside=True)


def parse(operation: Operation, body: Json, exchange: Exchange) -> Call:
    """The call in a request body.

    Raises:
        InvalidRequest: a field is missing or of the wrong type.
    """
    model = model_of(body) or operation.default_model or ""
    stream = operation.streams and wants_stream(body)
    if operation.wants_stream is not None:
        stream = operation.wants_stream(body)
    operation.check(body)
    return Call(
        dialect="openai",
        operation=operation.name,
        model=model,
        body=body,
        stream=stream,
        headers=exchange.going_on(HEADERS_THAT_GO_ON),
    )


OPERATION_ENDPOINTS = tuple(
    endpoint for operation in OPERATIONS.values() for endpoint in _endpoints(operation)
)
