"""LiteLLM's tokenizer is not in memory until tokens are counted, and then counts as ever."""

from pathlib import Path

from tests.harness.command import python

COUNT = """
from lmproxy.config.environment import prepare_for_litellm
from lmproxy.upstream.litellm import tokenizer

prepare_for_litellm()
tokenizer.put_off()
import litellm, tiktoken

encoding = tiktoken.get_encoding("cl100k_base")
print("_core_bpe" in vars(encoding))
print(litellm.token_counter(text="Hello, you!"), encoding is litellm.encoding)
print("_core_bpe" in vars(encoding), encoding.decode(encoding.encode("Grüße")))
print(hasattr(encoding, "no_such_thing"))
"""


def test_the_tokenizer_is_read_when_tokens_are_first_counted(tmp_path: Path) -> None:
    ended = python("-c", COUNT, folder=tmp_path)

    assert ended.stdout.splitlines() == ["False", "4 True", "True Grüße", "False"], ended.stderr
