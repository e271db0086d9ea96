"""A provider of language models that tests can make do anything: answer well, badly, or never.

`server.Provider` listens on 127.0.0.1 in a thread of its own and speaks HTTP/1.1 by hand, because
much of what it has to send is not HTTP. The `model` of a request chooses how it is answered:

    with Provider() as provider:
        provider.on("m", faults.silence_in_stream())
        ...                                     # the program under test calls provider.base_url
        provider.wait_for_disconnect("m")

The contract of a behaviour (`exchange.Behaviour`):

- it is given an `Exchange` once the request has been read to its end;
- returning leaves the connection open for the next request; a fault that ends it says so, with
  `close()` (FIN) or `reset()` (RST);
- what it awaits on the exchange raises `ClientGone` when the peer leaves (`client_gone()` returns);
  it lets that travel on;
- any other exception is a mistake in the test, and `Provider.stop()` raises it.

Nothing here sleeps to wait for something: tests wait on the provider, behaviours wait on a `Gate`.

From the bottom up:

    wire.py         what a request looks like once read
    connection.py   one TCP connection, and the moment its peer left
    exchange.py     what a behaviour is given
    answers.py      bodies of good answers; two rich ones, to be passed on byte for byte
    forms.py        how OpenAI, Anthropic and Google write an answer
    anthropic.py    more of Anthropic's API: tools, refusals, broken streams
    responses.py    OpenAI's Responses API: bodies, streams, stored responses
    media.py        pictures, sound and texts, in OpenAI's form
    behaviours.py   good behaviours, and behaviours made of others
    faults.py       broken connections and broken answers     rows U004-U010, U012, U014, U015
    oddities.py     whole answers that are not what was asked  rows U013, U016-U019, U027-U033
    formed.py       such faults in any of the three forms
    shelf.py        a provider that keeps responses
    refusals.py     statuses other than 200                   rows U020-U026
    leaks.py        refusals that repeat every credential
    server.py       Provider
    ports.py        ports behind which there is no provider   rows U001, U002, U005
    certificates.py TLS that works, and TLS that must not     row U003

The rows are those of the catalogue of upstream faults; each behaviour names its own.
"""
