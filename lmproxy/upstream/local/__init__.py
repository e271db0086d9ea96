"""Where does a model on this machine answer?

- `served`: what all of these have in common: `process`, the child process that is kept
- `connection`: `api_type = "local"`; `gguf`: the file that it serves; `child`: the program that
  runs there
- `transformers`: `api_type = "transformers"`; `transformers_params`: how its model is loaded, and
  started; its program is in `lmproxy.child`
"""
