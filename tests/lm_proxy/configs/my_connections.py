from typing import Any


async def llm_ok_connection(messages: list[dict[str, Any]], **kwargs: Any) -> str:
    if "callback" in kwargs:
        await kwargs["callback"]("ok")
    return "ok"
