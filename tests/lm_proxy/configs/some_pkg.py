from pathlib import Path
from typing import Any

import lmproxy


class DB:
    def __init__(self, url: str) -> None:
        self.url = url

    def insert(self, entry: dict[str, Any]) -> None:
        with Path(self.url).open("a") as file:
            file.write(f"{entry['model']} {entry['api_key_id']}\n")


def write(entry: dict[str, Any]) -> None:
    lmproxy.components["db"].insert(entry)
