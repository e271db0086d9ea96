"""What do clients speak? Bytes in, a passage asked, bytes out. Decides nothing.

- `endpoint`: an endpoint and the shell that every one runs in
- `exchange`: one request and its answer as the server hands them over
- `policy`: what `[server]` says about requests: size, hosts, trusted proxies
- `credentials`: the secrets a request presents; `forwarding`: headers that the operator lets go on
- `json_body`: reading a JSON body; `form_body`: a form, each `form_part` of it
- `client_watch`: notices that the client left
- `event_sender`: a streamed answer, with pings in its silences
- `dialect`: what each dialect has its own words for; `openai_dialect`, `anthropic_dialect`,
  `responses_dialect`; `dialects`: those of paths that every client asks for;
  `model_pages`: Anthropic's pages of the list of models
- `body_fields`: what is checked of a request for a model; `answering`: asking, and sending what
  comes of it
- `operation_endpoints`: those of the operations that `upstream/operations/table` has
- `openai_chat`, `anthropic_messages`, `openai_responses`, `stored_responses`, `models`, `health`,
  `nowhere`: the endpoints
"""
