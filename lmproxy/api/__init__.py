"""What do clients speak? Bytes in, a passage asked, bytes out. Decides nothing.

- `endpoint`: an endpoint and the shell that every one runs in
- `exchange`: one request and its answer as the server hands them over
- `policy`: what `[server]` says about requests: size, hosts, trusted proxies
- `credentials`: the secrets a request presents
- `json_body`: reading a JSON body
- `client_watch`: notices that the client left
- `event_sender`: a streamed answer, with pings in its silences
- `openai_errors`: an error in OpenAI's form
- `openai_chat`, `openai_models`, `health`, `nowhere`: the endpoints
"""
