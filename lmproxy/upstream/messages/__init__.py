"""How is a message of Anthropic's API asked for?

- `wire`: where the provider speaks the API
- `bridge`: where it is asked for chat: `request` makes the request, `blocks` the parts of its
  messages, `thoughts` says which earlier thoughts go on, `form` makes the answer, `events` its
  stream
"""
