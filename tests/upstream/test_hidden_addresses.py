"""S005: no place, depth or neighbour hides the address of a medium."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmproxy.errors import InvalidRequest
from lmproxy.upstream.remote_media import check_media

Json = dict[str, Any]
LOCAL = "http://169.254.169.254/"
PUBLIC = "https://pictures.example/a.png"

any_kind = st.sampled_from(
    ["text", "input_text", "tool_use", "thinking", "reasoning", "function_call", "image", 1, None]
)
beside: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {},
    optional={
        "type": any_kind | st.lists(any_kind, max_size=1),
        "role": st.sampled_from(["user", "assistant", "", 3]),
        "text": st.just(PUBLIC),
        "input": st.just({"image_url": PUBLIC}),
        "id": st.text(max_size=3),
    },
)
medium = st.sampled_from(
    ["image_url", "video_url", "file_url", "file_id", "file", "image", "images", "input_audio"]
)
wrapped: st.SearchStrategy[Any] = st.recursive(
    st.builds(lambda key, more: {**more, key: PUBLIC}, medium, beside)
    | st.builds(lambda key, more: {**more, key: {**more, "url": PUBLIC}}, medium, beside)
    | st.builds(lambda more: {**more, "source": {"url": PUBLIC}}, beside),
    lambda inner: (
        st.builds(lambda one, more: [*more, one, "x", None], inner, st.lists(beside, max_size=2))
        | st.builds(
            lambda one, key, more: {**more, key: one},
            inner,
            st.sampled_from(["content", "output", "source"]) | medium,
            beside,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(wrapped, st.sampled_from(["messages", "input", "system", "images", "documents", "query"]))
def test_S005_no_place_hides_an_address(node: Any, place: str) -> None:
    check_media({place: node}, "forward")

    with pytest.raises(InvalidRequest):
        check_media({place: node}, "refuse")


@pytest.mark.parametrize("key", ["content", "image_url", "source", "output", "images"])
def test_S005_depth_hides_nothing(key: str) -> None:
    node: Any = [{"image_url": {"url": LOCAL}}]
    for _ in range(5000):
        node = [{key: node, "type": "text"}]

    with pytest.raises(InvalidRequest):
        check_media({"input": node}, "forward")
