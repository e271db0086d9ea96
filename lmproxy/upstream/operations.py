"""Which operations besides chat are there? Each an `Operation` in a file of its own."""

from lmproxy.upstream.completions import COMPLETIONS
from lmproxy.upstream.embeddings import EMBEDDINGS
from lmproxy.upstream.moderations import MODERATIONS
from lmproxy.upstream.operation import Operation
from lmproxy.upstream.rerank import RERANK

OPERATIONS: dict[str, Operation] = {
    operation.name: operation for operation in (COMPLETIONS, EMBEDDINGS, MODERATIONS, RERANK)
}
