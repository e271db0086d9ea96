"""Which dialects are there? For paths that clients of all of them ask for."""

from lmproxy.api.anthropic_dialect import ANTHROPIC
from lmproxy.api.openai_dialect import OPENAI

DIALECTS = (OPENAI, ANTHROPIC)
"""The first is for clients that send no dialect's header."""
