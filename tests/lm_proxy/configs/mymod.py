from typing import Any


def infer(messages: list[dict[str, Any]], **params: Any) -> str:
    return f"{messages[-1]['content']} ({params.get('temperature')})"
