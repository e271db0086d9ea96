"""How is a Response of OpenAI's Responses API asked for?

- `wire`: where the provider speaks the API
- `bridge`: where it is asked for chat: `request` makes the request, with `input_items`, what was
  said so far, and `tools`; `form` the answer, of `parts`; `events` its stream, of `item_events`
"""
