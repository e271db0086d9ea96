"""Which operations besides chat are there? Each an `Operation` in a file of its own."""

from lmproxy.upstream.audio import SPEECH, TRANSCRIPTION, TRANSLATION
from lmproxy.upstream.completions import COMPLETIONS
from lmproxy.upstream.embeddings import EMBEDDINGS
from lmproxy.upstream.images import EDIT, GENERATION, VARIATION
from lmproxy.upstream.moderations import MODERATIONS
from lmproxy.upstream.operation import Operation
from lmproxy.upstream.rerank import RERANK

ALL = (
    COMPLETIONS, EMBEDDINGS, MODERATIONS, RERANK,
    GENERATION, EDIT, VARIATION, SPEECH, TRANSCRIPTION, TRANSLATION,
)  # fmt: skip
OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in ALL}
