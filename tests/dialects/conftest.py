"""One proxy for the whole table."""

from collections.abc import Iterator

import pytest

from tests.dialects.asking import Asker, asker


@pytest.fixture(scope="session")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    with asker(tmp_path_factory.mktemp("dialects")) as running:
        yield running
