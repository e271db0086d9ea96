"""Write it down. Every request has one record, whatever became of it.

- `draft`: what is known of a request while it walks; `outcomes`: the words for how it can end
- `record`: what a record says; `words`: the texts in it that others chose, made fit for it
- `journal`: `requests.jsonl`, the truth about usage: one write per line
- `outputs`: everybody else who is told of it, `[[loggers]]` and `[[after]]`
- `loggers`: further outputs (`[[loggers]]`), fed through a queue; they may drop, counted
- `file_logger`: the output `class = "file"`; `request_log`: lm-proxy's loggers and functions
- `log_line`: what goes into a line of theirs; `obstacle`: whether a file can be written at all
- `answer_text`: what a model said, of the copy of an answer that loggers may want
- `makers`: `responses.db`, which connection made which stored response, and for whom; `keeping`:
  whether a request's provider keeps what it made
"""

from lmproxy.recording.draft import Draft
from lmproxy.recording.journal import Journal
from lmproxy.recording.loggers import Loggers, compile_outputs
from lmproxy.recording.makers import Maker, Makers
from lmproxy.recording.outputs import Outputs
from lmproxy.recording.record import Recorder

__all__ = [
    "Draft", "Journal", "Loggers", "Maker", "Makers", "Outputs", "Recorder", "compile_outputs",
]  # fmt: skip
