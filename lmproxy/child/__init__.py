"""What runs in a process beside the proxy, perhaps under another Python than the proxy's?

Imports the standard library and, where a file says so, what the model needs; nothing of the proxy.

- `life`: how such a process begins and ends
- `prompt`: messages as one text, for who takes no messages
- `transformers_program`: the program of `api_type = "transformers"`: a `chat_server`, which answers
  in OpenAI's form, in front of a `transformers_model`; `wishes`: what a request asks of it;
  `stopping`: where its text ends
"""
