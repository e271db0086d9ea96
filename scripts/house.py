"""How big is the house? Files, functions, cycles, hidden imports, blind excepts.

What a request costs is measured elsewhere: `scripts/bench`.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import grimp

PACKAGE = Path("lmproxy")


def main() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    trees = [ast.parse(file.read_text()) for file in files]
    lengths = [len(file.read_text().splitlines()) for file in files]
    sizes = sorted(size for tree in trees for size in function_sizes(tree))
    hidden = sum(len(hidden_imports(tree)) for tree in trees)
    print(f"files {len(files)}, lines {sum(lengths)}, longest file {max(lengths)}")
    print(
        f"functions {len(sizes)}, median {median(sizes):.0f} lines, "
        f"90th percentile {quantiles(sizes, n=10)[-1]:.0f}, longest {max(sizes)}"
    )
    print(f"import cycles {cycles()}, imports hidden in functions {hidden}")
    for caught in ("Exception", "BaseException"):
        print(f"excepts of {caught} {sum(blind_excepts(tree, caught) for tree in trees)}")


def function_sizes(tree: ast.AST) -> Iterator[int]:
    """Lines of each function's body, docstring left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def hidden_imports(tree: ast.AST) -> list[ast.stmt]:
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return [
        node
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def blind_excepts(tree: ast.AST, caught: str) -> int:
    """Handlers of `caught`, alone or among others. One that names nothing has `BaseException`."""
    handlers = (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler))
    return sum(caught in _caught(handler) for handler in handlers)


def _caught(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return {"BaseException"}
    return {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}


def cycles() -> int:
    """Pairs of modules that import each other, directly or not."""
    graph = grimp.build_graph("lmproxy", exclude_type_checking_imports=True)
    modules = graph.modules
    reach = {m: graph.find_upstream_modules(m) for m in modules}
    return sum(m in reach[n] and n in reach[m] for m in modules for n in modules if m < n)


if __name__ == "__main__":
    sys.exit(main())
