"""Ask the provider. A `Call` and a model in, a `Reply` in the client's dialect out, or a fault.

- `registry`: the connections of a config, by name
- `connection`: what every connection can do; `lease`: how many requests use one
- `catalogue`: which models the providers list, remembered; `model_list`: how each kind lists them
- `provider`: a connection to a URL; `local`: to a model in a child process, which `local_process`
  keeps and which runs `local_child`; `function`: to somebody's Python, whose answers get their
  form from `chat_form`
- `vendors`: where each kind of provider lives and what it speaks, each a `vendor`
- `request_body`: a client's body as it goes on; `upload`: a client's form
- `operations`: what there is besides chat, each an `operation` in a file of its own: `embeddings`,
  `completions`, `moderations`, `rerank`, `images`, `audio`
- `wires`: the operations that can be relayed, each a `wire`: `openai_wire`, `anthropic_wire`,
  `responses_wire`, and what pictures and sound share, `media_wire`
- `relay`: the lane that passes bytes on; `events`: its view of a stream; `answers`: of a plain
  answer; `passing`: an answer while it is read; `watch`: what is noticed of it; `line`: the
  connection it arrives on
- `translation_lanes`: the two lanes that translate; `arguments`: what of a request may reach
  LiteLLM, and `litellm_reserved.txt` what must not; `fidelity`: what got lost; `way_out`: one
  request's way to the provider; `sound_stream`: what may be read on it; `ends`: how streams end;
  `translated`: the answer it became; `stream_form`: its events; `repeats`: which of them need no
  translation of their own
- `messages_bridge`: Anthropic's API where the provider is asked for chat: `messages_request` makes
  the request, `message_form` the answer, `message_events` its stream; `token_count`: how many
  tokens a request is
- `responses_bridge`: the same for OpenAI's Responses API: `responses_request` makes the request,
  with `responses_items` and `responses_tools`; `response_form` the answer, of `response_parts`;
  `response_events` its stream, of `response_items`
- `bridged`: chat's answer on its way to another dialect; `call_numbers`: which of its tool calls
  a fragment belongs to
- `function_lane`: the operations that LiteLLM has a function for, asked through it;
  `media_function`: what of a form and of its answer goes through
- `remote_media`: which media a provider may be asked to fetch
- `said_end`: what a provider itself says of the end of a translated answer
- `account`: who LiteLLM calls for; `litellm_names`: the providers it knows besides
- `litellm_door`: the one way to LiteLLM; behind it `litellm_public`, its public call,
  `litellm_functions`, those for the other operations, `litellm_transport`, its clients,
  `litellm_tokenizer`, read late, `litellm_internals` and `litellm_shapes`, its transformations,
  `litellm_readers`, its parsers of streams, `litellm_chunks`, what its answers say, and
  `litellm_messages`, its reading of Anthropic's requests
- `usage`: token counts as providers give them, and estimates
- `fetch`: the way to servers that are no providers
- `egress`: the only way out: one client, one base URL, deadlines, limits; `posting`: a request to
  one address, prepared
- `faults`: what a provider's failure means to our caller
"""

from lmproxy.upstream.connection import Connection
from lmproxy.upstream.registry import Upstreams, compile_upstreams

__all__ = ["Connection", "Upstreams", "compile_upstreams"]
