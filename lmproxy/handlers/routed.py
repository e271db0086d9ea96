"""What is known of a request when its handlers run?"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lmproxy.call import Arrival, Call, Caller, Json, Target
from lmproxy.handlers.sdk_arguments import ARGUMENTS
from lmproxy.request_context import Fields, RequestContext


@dataclass(frozen=True, slots=True)
class Routed:
    """A request that is permitted and has a place to go to.

    Attributes:
        time: when it came, in Unix time.
    """

    id: str
    time: float
    arrival: Arrival
    caller: Caller
    call: Call
    target: Target

    def params(self) -> Fields:
        """The request's fields, `model` as the provider gets it, without what is a file in a form.

        A client's `extra_headers` is not what handlers mean by it, and not among them.
        What is inside a field is the request's own, not a copy.
        """
        body = {n: v for n, v in self.call.body.items() if n not in ARGUMENTS}
        if self.call.form is not None:
            body = {name: value for name, value in body.items() if not _is_file(value)}
        return Fields(body, model=self.target.model)

    def context(self, extra: Json) -> RequestContext:
        """The request in lm-proxy's words. `extra` is for handlers to write into."""
        caller, call = self.caller, self.call
        return RequestContext(
            id=self.id,
            request=Fields(call.body),
            group=caller.group,
            connection=self.target.routed_to,
            model=self.target.model,
            llm_params=self.params(),
            api_key_id=caller.key_id,
            remote_addr=self.arrival.address,
            created_at=datetime.fromtimestamp(self.time, UTC).astimezone().replace(tzinfo=None),
            user_info=caller.user_info or {},
            extra=extra,
            dialect=call.dialect,
            operation=call.operation,
        )


def _is_file(value: Any) -> bool:
    """Whether a form's field is a file, or several, of which the body has only what they are."""
    return any(isinstance(one, dict) for one in (value if isinstance(value, list) else [value]))
