"""Which operations besides chat are there? Each an `Operation` in a file of its own."""

from lmproxy.upstream.embeddings import EMBEDDINGS
from lmproxy.upstream.operation import Operation

OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in (EMBEDDINGS,)}
