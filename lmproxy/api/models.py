"""`GET /models` and `GET /models/{id}`: what the caller may use, and nothing else."""

import orjson

from lmproxy.api.dialects import DIALECTS
from lmproxy.api.endpoint import Endpoint, send_json
from lmproxy.api.exchange import Exchange
from lmproxy.gateway import Passage


async def answer_list(exchange: Exchange, passage: Passage) -> None:
    """Answer with every entry the caller may use, in the order of the routing rules."""
    await passage.admit()
    body = exchange.dialect.models(await passage.models())
    await send_json(exchange, passage, orjson.dumps(body))


async def answer_one(exchange: Exchange, passage: Passage) -> None:
    """Answer with one entry. The name may contain slashes, encoded or not."""
    await passage.admit()
    name = exchange.path_params["model"]
    await send_json(exchange, passage, orjson.dumps(exchange.dialect.model(passage.model(name))))


MODELS = Endpoint(
    "GET", "/models", "models", answer_list, "List the models your key may use", DIALECTS
)
MODEL = Endpoint(
    "GET", "/models/{model:path}", "models", answer_one, "Describe one model", DIALECTS
)
