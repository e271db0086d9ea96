"""Is our stream one that every OpenAI client reads? The rules, apart from what it says."""

from collections.abc import Iterator

from tests.oracle.folding import JSON


def broken_rules(chunks: list[JSON], *, model: str, with_usage: bool, is_done: bool) -> list[str]:
    """Each rule that a stream breaks, in words; `model` is the name that the client asked for."""
    return list(_broken(chunks, model, with_usage, is_done))


def _broken(chunks: list[JSON], model: str, with_usage: bool, is_done: bool) -> Iterator[str]:
    if not is_done:
        yield "[DONE] is not its end"
    for name in ("id", "created"):
        if len({chunk.get(name) for chunk in chunks}) != 1:
            yield f"{name} is not the same in every chunk"
    if any(chunk.get("object") != "chat.completion.chunk" for chunk in chunks):
        yield "object is not chat.completion.chunk"
    if {chunk.get("model") for chunk in chunks} != {model}:
        yield "model is not the name that was asked"
    yield from _broken_order(chunks)
    yield from _broken_calls(chunks)
    yield from _broken_counts(chunks, with_usage)


def _broken_order(chunks: list[JSON]) -> Iterator[str]:
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    roles = [at for at, choice in enumerate(choices) if (choice.get("delta") or {}).get("role")]
    if roles != [0]:
        yield f"role is in the choices {roles}, not once and first"
    ends = [at for at, choice in enumerate(choices) if choice.get("finish_reason")]
    if ends != [len(choices) - 1]:
        yield f"finish_reason is in the choices {ends} of {len(choices)}, not once and last"
    for choice in choices[1:-1]:
        # An empty piece of a tool call is not empty: it has its index.
        rest = {n: v for n, v in choice.items() if n not in ("index", "delta", "finish_reason")}
        if all(
            value in (None, "", [], {}) for value in (*choice["delta"].values(), *rest.values())
        ):
            yield "a chunk in the middle says nothing"
            return


def _broken_calls(chunks: list[JSON]) -> Iterator[str]:
    """Clients put a call together by its index, whatever its id."""
    deltas = [choice.get("delta") or {} for chunk in chunks for choice in chunk["choices"]]
    begun: list[str] = []
    for piece in (piece for delta in deltas for piece in delta.get("tool_calls") or ()):
        if piece["index"] == len(begun):
            begun.append(piece["id"])
        elif piece["index"] > len(begun):
            yield f"a tool call has the index {piece['index']} after {len(begun)} others"
        elif piece.get("id") not in (None, begun[piece["index"]]):
            yield f"two tool calls have the index {piece['index']}"


def _broken_counts(chunks: list[JSON], with_usage: bool) -> Iterator[str]:
    counted = [at for at, chunk in enumerate(chunks) if chunk.get("usage")]
    bare = [at for at, chunk in enumerate(chunks) if not chunk["choices"]]
    if not with_usage and (counted or bare):
        yield "it has counts that nobody asked for"
    if with_usage and (counted != [len(chunks) - 1] or bare != counted):
        yield f"its counts are in the chunks {counted} of {len(chunks)}, without choices {bare}"
