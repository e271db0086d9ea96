"""A proxy before two providers that keep responses, and one that has chat alone."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.conftest import GUEST_KEY, TEAM_KEY, bearer
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.provider.server import Provider
from tests.provider.shelf import Shelf


@dataclass
class House:
    """A proxy before two providers that keep responses, and one that has chat only."""

    proxy: Proxy
    first: Provider
    second: Provider
    shelf: Shelf

    def send(self, method: str, path: str, key: str = TEAM_KEY, **more: Any) -> httpx.Response:
        url = f"{self.proxy.api}/responses{path}"
        return patient.request(method, url, headers=bearer(key), timeout=60, **more)

    def create(self, model: str, key: str = TEAM_KEY, **more: Any) -> Any:
        """A response that was made."""
        answer = self.send("POST", "", key, json={"model": model, "input": "Say hello.", **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def usage(self, answer: httpx.Response) -> Any:
        return self.proxy.record(id=answer.headers["x-request-id"])["usage"]


def config(first: Provider, second: Provider) -> dict[str, Any]:
    """`both/*` may go to either provider, the first one first; `chat/*` is chat only."""
    connection = {"api_type": "openai", "api_key": "sk-any-0123456789abcdef"}
    one = {**connection, "api_base": first.base_url}
    two = {**connection, "api_base": second.base_url}
    return {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {"one": one, "two": two, "chat": {**one, "speaks": ["chat"]}},
        "routing": {
            "one/*": "one.{1}",
            "two/*": "two.{1}",
            "both/*": ["one.{1}", "two.{1}"],
            "late/*": ["chat.{1}", "two.{1}"],
            "chat/*": "chat.{1}",
        },
        "groups": {
            "team": {"api_keys": [TEAM_KEY]},
            "guests": {"api_keys": [GUEST_KEY]},
        },
    }
