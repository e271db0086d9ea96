"""Ask the provider. A `Call` and a model in, a `Reply` in the client's dialect out, or a fault.

- `registry`: the connections of a config, by name
- `connection`: what every connection can do; `provider`: one at a URL; `local`: one in a child
  process
- `vendors`: where each kind of provider lives and what it speaks
- `relay`: the lane that passes bytes on; `events`: its view of a stream; `answers`: of a plain
  answer
- `usage`: token counts as providers give them, and estimates
- `egress`: the only way out: one client, one base URL, deadlines, limits
- `faults`: what a provider's failure means to our caller
"""

from lmproxy.upstream.registry import Upstreams, compile_upstreams

__all__ = ["Upstreams", "compile_upstreams"]
