"""What does LiteLLM's own public call make of it? A program: a job per line in, a result out.

A job is the keyword arguments of `litellm.acompletion` as JSON; a result is `{"answer": ...}`,
`{"chunks": [...]}` or `{"error": {"status": ..., "message": ...}}`. A process of its own, because
LiteLLM reads its settings from the environment while it is imported.
"""

import asyncio
import json
import logging
import sys
from typing import Any

import litellm

litellm.suppress_debug_info = True
logging.getLogger("LiteLLM").setLevel(logging.ERROR)


def main() -> None:
    out, sys.stdout = sys.stdout, sys.stderr  # LiteLLM prints now and then.
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            result = runner.run(answer(json.loads(line)))
            out.write(json.dumps(result) + "\n")
            out.flush()


async def answer(job: dict[str, Any]) -> dict[str, Any]:
    """The result of one job."""
    try:
        made = await litellm.acompletion(**job)
        if not job.get("stream"):
            return {"answer": made.model_dump(mode="json")}
        return {"chunks": [chunk.model_dump(mode="json") async for chunk in made]}
    except Exception as error:  # noqa: BLE001 - whatever it raises is the answer.
        status = getattr(error, "status_code", None)
        return {"error": {"status": status, "message": f"{type(error).__name__}: {error}"}}


if __name__ == "__main__":
    main()
