"""Ask the provider. A `Call` and a model in, a `Reply` in the client's dialect out, or a fault.

- `registry`: the connections of a config, by name
- `connection`: what every connection can do; `lease`: how many requests use one
- `default_args`: what a connection adds to requests; `rewritten`: what it changes of answers
- `catalogue`: which models the providers list, remembered; `model_list`: how each kind lists them
- `provider`: a connection to a URL; `local/`: to a model in a child process; `function`: to
  somebody's Python, asked by `inference`, whose answers `given` reads; `own_class`: to an object of
  theirs; `command/`: to a command; `nothing`: to no model at all; `item_reply`: the reply made of
  what a function or a command gives
- `plain_chat`: what of a chat can go to who takes texts only
- `overrides`: an operator's fields over a request's; `chat_fields`: where chat's stand elsewhere
- `vendors`: where each kind of provider lives and what it speaks, each a `vendor`
- `request_body`: a client's body as it goes on; `upload`: a client's form
- `chat/`, `messages/`, `responses/`: each API on the wire, and the last two where a provider has
  only chat; `token_count`: how many tokens a request is
- `operations/`: what there is besides chat
- `wires`: the operations that can be relayed, each a `wire`
- `relay`: the lane that passes bytes on; `events`: its view of a stream; `answers`: of a plain
  answer; `passing`: an answer while it is read; `watch`: what is noticed of it; `line`: the
  connection it arrives on
- `translation_lanes`: the two lanes that translate; `arguments`: what of a request may reach
  LiteLLM; `misread`: what of that it would read otherwise, `tool_choice` and `recursive` schemas
  among it; `history`: a conversation as it carries it whole; `fidelity` and `carried`: what got
  lost; `culprit`: which parameter it trips over; `way_out`: one request's way to the provider;
  `sound_stream`: what may be read on it; `ends`: how streams end; `translated`: the answer it
  became; `said_end`: what a provider itself says of its end; `said_counts`: which counts are its
  own
- `call_ids`: which ids of tool calls a provider takes
- `litellm/`: LiteLLM; `account`: who it calls for; `azure_tokens`: who asks Azure for a token
- `remote_media`: which media a provider may be asked to fetch
- `usage`: token counts as providers give them, and estimates
- `fetch`: the way to servers that are no providers
- `egress`: the only way out: one client, one base URL, deadlines, limits; `posting`: a request to
  one address, prepared
- `forwarded`: what of the client's headers goes on
- `provider_json`: what a provider's JSON says; `faults`: what its failure means to our caller
"""

from lmproxy.upstream.connection import Connection
from lmproxy.upstream.registry import Upstreams, compile_upstreams

__all__ = ["Connection", "Upstreams", "compile_upstreams"]
