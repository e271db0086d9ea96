"""What runs in a process beside the proxy, perhaps under another Python than the proxy's?

Imports the standard library, `lmproxy.errors` and, where a file says so, what the model needs.

- `prompt`: messages as one text, for who takes no messages
"""
