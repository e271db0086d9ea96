"""What the tests drive: a real proxy process, and waiting without guessing.

- `proxy`: the process, its config, its records and its log
- `waiting`: until a condition holds, with a deadline
- `raw`: HTTP over a bare socket, for what no client library would send
"""
