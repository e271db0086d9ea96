"""May they? A caller, the name asked and the targets in, the targets they may use out, or 403.

- `permission`: by group: connections by name, models by pattern
"""

from lmproxy.policy.permission import Grant, Permissions, compile_permissions

__all__ = ["Grant", "Permissions", "compile_permissions"]
