"""How does OpenAI's chat look, whoever made its answer?

- `wire`: on the wire, where the provider speaks it
- `form`: an answer that we make ourselves; `events`: a stream of one, whoever made its pieces;
  `repeats`: which of its chunks need no translation of their own
- `bridged`: chat's answer on its way to another dialect; `said`: what its fields say;
  `call_numbers`: which of its tool calls a fragment belongs to; `client_calls`: which of them are
  for the client to make
"""
