"""Where does a model on this machine answer?

- `connection`: `api_type = "local"`; `process`: the child process that it keeps; `child`: the
  program that runs there
"""
