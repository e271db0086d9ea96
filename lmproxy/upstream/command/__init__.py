"""How does a command on this machine answer as a model?

- `connection`: `api_type = "cli"`; `run`: one run of the command
"""
