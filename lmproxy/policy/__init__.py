"""May they? A caller, the name asked and the targets in, the targets they may use out, or 403.

- `permission`: by group: connections by name, models by pattern
- `ownership`: of responses that a provider keeps
"""

from lmproxy.policy.ownership import (
    made_elsewhere,
    previous_not_found,
    previous_of,
    response_not_found,
)
from lmproxy.policy.permission import Grant, Permissions, compile_permissions

__all__ = [
    "Grant",
    "Permissions",
    "compile_permissions",
    "made_elsewhere",
    "previous_not_found",
    "previous_of",
    "response_not_found",
]
