"""Where does it go? A model name in, the first matching rule and its targets out, or 404.

- `names`: which model names are model names at all
- `listing`: what `/models` shows; `expanding`: what stands there in the place of a wildcard rule
- `rules`: the rules in file order; `spreading`: what a target stands for
"""

from lmproxy.routing.expanding import Entry, Lists
from lmproxy.routing.listing import Listing, compile_listing, targets_of
from lmproxy.routing.names import check_model_name, is_model_name
from lmproxy.routing.rules import Match, Routes, Rule, compile_routes, model_not_found

__all__ = [
    "Entry",
    "Listing",
    "Lists",
    "Match",
    "Routes",
    "Rule",
    "check_model_name",
    "compile_listing",
    "compile_routes",
    "is_model_name",
    "model_not_found",
    "targets_of",
]
