"""Does our translation equal LiteLLM's? Both are asked the same, and compared field by field.

A question is a provider, a case and whether it streams. One side is the proxy, a process asked over
HTTP on a forced lane; the other `litellm.acompletion` in a process of its own. Both speak to one
replaying server, which records what they send and answers with the same bytes from `answers/`. So
three things are held: the request that reaches the provider, the answer that reaches the client,
and the form of our streams.

    scripts/oracle                  the matrix, and what differs first wherever something does
    scripts/oracle gemini azure     the same for some providers
    scripts/oracle --write          the table in docs/providers.md

From the bottom up:

    providers.py        who is asked
    cases.py            what is asked
    answers/            what they would say
    event_stream.py     Amazon's framing of it
    service_account.py  a key for Google's token
    corpus.py           finds an answer
    replay.py           the server that gives it
    reference.py        LiteLLM's side
    asking.py           both sides, and what each did
    folding.py          a stream as a whole
    form.py             rules for our streams
    difference.py       a field that differs
    explained.py        what may differ
    comparing.py        finds what differs
    expectations.py     what must arrive
    cell.py             a question and what became of it
    table.py            the table in the documentation
    matrix.py           the program

A new provider is a row in `providers.py`; where its answers look different from those of its
format, files in `answers/NAME/`. A difference that is meant is a row in `explained.py`.
"""
