"""What the tests drive: a real proxy process, and waiting without guessing.

- `proxy`: the process, its config, its records and its log
- `waiting`: until a condition holds, with a deadline
- `configs`: configs for tests that need no process; `command`: `oai-proxy` run to its end
- `errors`: what every refusal looks like
- `raw`: HTTP over a bare socket, for what no client library would send
- `answer`: a chat request, and what came back, whole or not
- `verdict`: what has to hold after a provider's failure
- `leaver`: a client that leaves
- `process`: descriptors and memory of the proxy
- `sdks`: OpenAI's SDKs for Python and Node
- `agents`: Claude Code and Codex
- `aimock`: an emulator of many providers, not written for this proxy
- `site/sitecustomize`: what a process under test leaves out of the measurement of coverage
"""
