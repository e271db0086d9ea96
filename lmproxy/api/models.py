"""`GET /models` and `GET /models/{id}`: what the caller may use, and nothing else."""

from urllib.parse import parse_qsl

import orjson

from lmproxy.api.dialects import DIALECTS
from lmproxy.api.endpoint import Endpoint, send_json
from lmproxy.api.exchange import Exchange
from lmproxy.errors import NotFound
from lmproxy.gateway import Passage


async def answer_list(exchange: Exchange, passage: Passage) -> None:
    """Answer with every entry the caller may use, in the order of the routing rules."""
    await passage.admit()
    query = dict(parse_qsl(exchange.query.decode("latin-1")))
    body = exchange.dialect.models(await passage.models(), query)
    await send_json(exchange, passage, orjson.dumps(body))


async def answer_one(exchange: Exchange, passage: Passage) -> None:
    """Answer with one entry. The name may contain slashes, encoded or not."""
    await passage.admit()
    name = exchange.path_params["model"]
    if not name:
        words = (
            "This path names no model. The list is at the same path without the slash at its end."
        )
        raise NotFound(words, code="unknown_url")
    await send_json(exchange, passage, orjson.dumps(exchange.dialect.model(passage.model(name))))


MODELS = Endpoint(
    "GET", "/models", "models", answer_list, "List the models your key may use", DIALECTS
)
MODEL = Endpoint(
    "GET", "/models/{model:path}", "models", answer_one, "Describe one model", DIALECTS
)
