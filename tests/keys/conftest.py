"""An OIDC provider of a test's own."""

from collections.abc import Iterator

import pytest

from tests.keys.idp import Idp
from tests.provider.server import Provider


@pytest.fixture
def idp() -> Iterator[Idp]:
    with Provider() as server:
        yield Idp(server)
