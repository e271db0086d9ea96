"""What OpenAI's SDK reads of either side."""

from tests.lm_proxy.setups import TEAM_KEY
from tests.lm_proxy.side import Side


def asked(side: Side, model: str, words: str = "Say hello.", key: str = TEAM_KEY) -> str | None:
    """The text of a plain answer."""
    with side.openai(key) as client:
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": words}]
        )
    return answer.choices[0].message.content


def streamed(
    side: Side, model: str, words: str = "Say hello.", key: str = TEAM_KEY
) -> tuple[str, list[str | None]]:
    """The text of a streamed answer and the reasons given for its end."""
    text = ""
    reasons: list[str | None] = []
    with side.openai(key) as client:
        chunks = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": words}], stream=True
        )
        for chunk in chunks:
            for choice in chunk.choices:
                text += choice.delta.content or ""
                reasons += [choice.finish_reason] if choice.finish_reason else []
    return text, reasons
