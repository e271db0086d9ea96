"""The answers: all are used, all are found, LiteLLM reads all of them."""

import pytest

from tests.oracle.asking import Oracle, Question
from tests.oracle.cases import CASES
from tests.oracle.corpus import ANSWERS, find_answer
from tests.oracle.expectations import LITELLM_LOSES, lost
from tests.oracle.matrix import questions
from tests.oracle.providers import PROVIDERS

FOLDERS = {*PROVIDERS, *(provider.answers for provider in PROVIDERS.values())}
ASIDES = {"show", "token"}


@pytest.mark.parametrize("question", questions(), ids=str)
def test_litellm_reads_every_answer(sides: Oracle, question: Question) -> None:
    outcome = sides.reference(question)

    assert len(outcome.requests) == 1
    assert lost(question, outcome) == LITELLM_LOSES.get(str(question), [])


def test_every_file_answers_some_question() -> None:
    files = [file for file in ANSWERS.rglob("*") if file.is_file()]

    stray = [f for f in files if f.parent.name not in FOLDERS or f.stem not in {*CASES, *ASIDES}]

    assert stray == []


def test_a_case_that_nobody_wrote_is_named() -> None:
    with pytest.raises(LookupError, match="no answer of groq for nonsense"):
        find_answer("groq", "nonsense", is_streamed=False)
