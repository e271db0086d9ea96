"""`POST /moderations`: does a text or picture break the rules? OpenAI's endpoint, and few others'.

A request may name no model; then it is OpenAI's newest, whatever `default_model` the config has for
chat. https://platform.openai.com/docs/api-reference/moderations
"""

from typing import Any

from lmproxy.call import Call, Json
from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.upstream.operations.operation import LitellmFunction, Operation, as_chosen, need
from lmproxy.upstream.wire import plain_wire

CATEGORIES = {
    "harassment_threatening": "harassment/threatening",
    "hate_threatening": "hate/threatening",
    "illicit_violent": "illicit/violent",
    "self_harm": "self-harm",
    "self_harm_instructions": "self-harm/instructions",
    "self_harm_intent": "self-harm/intent",
    "sexual_minors": "sexual/minors",
    "violence_graphic": "violence/graphic",
}
"""Categories whose names are none of Python's."""


def _check(body: Json) -> None:
    need(body, "input", (str, list), "a string or a list")


def _answer(call: Call, made: Json) -> Json:
    results = [
        {name: _as_sent(value) for name, value in result.items()}
        for result in made.get("results") or ()
    ]
    if not results:
        raise UpstreamInvalidResponse("The provider's answer has no results.")
    return {**made, "model": call.model, "results": results}


def _as_sent(value: Any) -> Any:
    """A table by category as OpenAI writes it; LiteLLM gives it by names of Python's, and filled.

    The flag of a result is no table.
    """
    if not isinstance(value, dict):
        return value
    return {CATEGORIES.get(name, name): said for name, said in value.items() if said is not None}


MODERATIONS = Operation(
    name="moderations",
    paths=("/moderations",),
    summary="Classify texts and pictures",
    check=_check,
    wire=plain_wire("/moderations", "results"),
    litellm=LitellmFunction(
        name="amoderation",
        parameters=frozenset({"input"}),
        required=frozenset({"input"}),
        providers={"openai": ("openai", "")},
        arguments=as_chosen,
        answer=_answer,
    ),
    default_model="omni-moderation-latest",
)
