"""What does the operator's own code say to a request? `[[before]]`, in order.

They run after routing and permission, before a provider is asked. `[[after]]` is in `recording`:
it is told of a request when it is over.

- `before`: the list, run for one request
- `routed`: the request, as handlers get to know it
- `editing`: what they made of it; `sdk_arguments`: the headers for the provider among it
- `calling`: one function of anybody's, in the loop or in a thread, never for long
- `rate_limiter`: so many requests in so many seconds; `window` counts them
- `headers_forwarder`: which of the client's headers a provider gets
- `compiling`: what a config asks for
"""

from lmproxy.handlers.before import Before
from lmproxy.handlers.calling import failed
from lmproxy.handlers.compiling import Handlers, compile_handlers
from lmproxy.handlers.routed import Routed

__all__ = ["Before", "Handlers", "Routed", "compile_handlers", "failed"]
