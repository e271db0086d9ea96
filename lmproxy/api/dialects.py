"""In which dialect is a path answered that every client asks for, as the list of models?

Clients of the Responses API are OpenAI's there: nothing tells them apart, and nothing has to.
"""

from lmproxy.api.anthropic_dialect import ANTHROPIC
from lmproxy.api.openai_dialect import OPENAI

DIALECTS = (OPENAI, ANTHROPIC)
"""The first is for clients that send no dialect's header."""
