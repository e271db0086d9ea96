"""One replay, one reference and one proxy for the whole matrix."""

from collections.abc import Iterator

import pytest

from tests.oracle.asking import Oracle, oracle


@pytest.fixture(scope="session")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    with oracle(tmp_path_factory.mktemp("oracle")) as running:
        yield running
