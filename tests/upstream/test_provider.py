"""What a connection to a provider needs, told at start."""

from pathlib import Path

import pytest

from tests.harness import configs


@pytest.mark.parametrize(
    ("connection", "words"),
    [
        ('http_headers = { X-Team = "a\\nb" }', "the value of 'x-team' has characters"),
        ('http_headers = { Content-Length = "3" }', "'content-length' is not a header to set"),
        ('http_headers = { "a b" = "c" }', "'a b' is not a header to set"),
        ('api_type = "vlm"', "there is no 'vlm'; did you mean 'vllm'?"),
    ],
    ids=["a line break", "framing", "no header name", "a misspelt type"],
)
def test_a_connection_that_could_only_fail_is_told(
    connection: str, words: str, tmp_path: Path
) -> None:
    (found,) = configs.problems(tmp_path, configs.text(connection=connection))

    assert words in found


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("ftp://models.internal/v1", "must be an http:// or https:// URL"),
        ("models.internal/v1", "must be an http:// or https:// URL"),
    ],
)
def test_a_base_that_is_no_web_address_is_told(base: str, words: str, tmp_path: Path) -> None:
    content = configs.text().replace("http://127.0.0.1:9/v1", base)

    (found,) = configs.problems(tmp_path, content)

    assert words in found


def test_a_key_that_no_header_can_carry_is_told_without_it(tmp_path: Path) -> None:
    (found,) = configs.problems(tmp_path, configs.text(), UPSTREAM="kéy-canary-0123456789")

    assert "has characters that no HTTP header can carry" in found
    assert "canary" not in found
