from pathlib import Path
from typing import Any


class AuditLogger:
    def __init__(self, prefix: str = "AUDIT") -> None:
        self.prefix = prefix

    async def __call__(self, ctx: Any) -> None:
        user = ctx.user_info.get("name", "anonymous")
        with Path("audit.txt").open("a") as file:  # noqa: ASYNC230 - a line in a test.
            file.write(f"[{self.prefix}] User '{user}' requested model '{ctx.model}'\n")
