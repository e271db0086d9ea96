"""What is asked of LiteLLM, and how? Nothing else in the house imports it.

- `door`: the one way to what imports it, opened in the background; behind it:
- `public`: its public call; `functions`: those for operations other than chat; `transport`: its
  clients, over our way out
- `internals`: its transformations; `shapes`: how each puts a request together; `readers`: its
  parsers of streams; `chunks`: what its answers say
- `messages`: its reading of Anthropic's requests; `tokenizer`: its encoding, read late
- `names`: the providers it knows, without importing it; `reserved.txt`: which names in a request
  must not reach it
"""
