"""HTTP with patience: on a busy machine an answer may take longer than httpx waits by itself."""

from functools import partial

import httpx

PATIENCE_S = 60

delete = partial(httpx.delete, timeout=PATIENCE_S)
get = partial(httpx.get, timeout=PATIENCE_S)
head = partial(httpx.head, timeout=PATIENCE_S)
post = partial(httpx.post, timeout=PATIENCE_S)
request = partial(httpx.request, timeout=PATIENCE_S)
stream = partial(httpx.stream, timeout=PATIENCE_S)
