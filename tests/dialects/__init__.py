"""Is every answer one of the dialect that was asked in, whoever gave it? The whole table.

A cell is a dialect, a provider, a lane, a case, streamed or not. The proxy is a process asked over
HTTP; the providers are the replaying server of `tests/oracle`, which answers with each one's own
bytes, a Python function, and the real local model. What comes back has to say what the provider
said, to be what the vendor's own OpenAPI document describes, and to be read by the vendor's SDK
with strict parsing; what is relayed, to be the provider's bytes as well.

    scripts/dialects                   the table, and what is wrong first wherever something is
    scripts/dialects gemini function   the same for some providers

From the bottom up:

    asked.py        what is asked, in no dialect's words
    heard.py        what came back, and reading it
    documents.py    the vendors' OpenAPI documents
    dialect.py      what a dialect is here
    chat.py         OpenAI's chat
    messages.py     Anthropic's messages
    responses.py    OpenAI's responses
    providers.py    who is asked, on which lanes
    refusals.py     how each of them says no
    relayed.py      how OpenAI answers a request for a response
    asking.py       asks
    explained.py    what may be missing, and why
    judging.py      what is wrong with an answer
    table.py        the program

A new dialect is a file with a `Dialect` and its row in `judging.DIALECTS`. A difference that cannot
be mended is a row in `explained.py`.
"""
