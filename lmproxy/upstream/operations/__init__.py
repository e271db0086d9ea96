"""What is there besides chat?

- `table`: all of it, each an `operation` in a file of its own: `embeddings`, `completions`,
  `moderations`, `rerank`, `images`, `audio`
- `media_wire`: pictures and sound on the wire, where the provider speaks OpenAI's API
- `lane`: LiteLLM's function for an operation, asked over the connection's own way out;
  `media_function`: what of a form and of its answer goes through
"""
