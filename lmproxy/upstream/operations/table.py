"""Which operations besides chat are there? Each an `Operation` in a file of its own."""

from lmproxy.upstream.operations.audio import SPEECH, TRANSCRIPTION, TRANSLATION
from lmproxy.upstream.operations.completions import COMPLETIONS
from lmproxy.upstream.operations.embeddings import EMBEDDINGS
from lmproxy.upstream.operations.images import EDIT, GENERATION, VARIATION
from lmproxy.upstream.operations.moderations import MODERATIONS
from lmproxy.upstream.operations.operation import Operation
from lmproxy.upstream.operations.rerank import RERANK

ALL = (
    COMPLETIONS, EMBEDDINGS, MODERATIONS, RERANK,
    GENERATION, EDIT, VARIATION, SPEECH, TRANSCRIPTION, TRANSLATION,
)  # fmt: skip
OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in ALL}
