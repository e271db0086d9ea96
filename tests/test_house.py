"""The repository stays readable: sizes, its top level, its map, and what importing it costs."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import lmproxy
from tests.harness.command import python
from tests.harness.proxy import REPOSITORY

MOST_FILE_LINES = 300
MOST_FUNCTION_LINES = 40
TOP_LEVEL = {
    *("pyproject.toml", "requirements.lock", "requirements-dev.lock", "config.example.toml"),
    *("README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "llms.txt"),
    *("lmproxy", "tests", "storage", "scripts", "docs", ".ci", ".gitignore"),
}
PACKAGE = REPOSITORY / "lmproxy"
ROOMS = sorted(file.parent for file in PACKAGE.glob("*/__init__.py"))
FOLDERS = sorted(file.parent for file in PACKAGE.glob("*/**/__init__.py"))
SOURCES = sorted(
    file
    for folder, pattern in (("lmproxy", "**/*.py"), ("tests", "**/*.py"), ("scripts", "**/*.py"))
    for file in (REPOSITORY / folder).glob(pattern)
)
NAMES = [str(file.relative_to(REPOSITORY)) for file in SOURCES]
HEAVY = """
import sys
import {module}
print(*sorted({{"litellm", "openai", "xllamacpp"}} & set(sys.modules)))
"""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def code_lines(text: str) -> set[int]:
    """The numbers of the lines that hold code; docstrings, comments and blank lines do not."""
    ignored = {tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    code = {
        line
        for token in tokens
        if token.type not in ignored
        for line in range(token.start[0], token.end[0] + 1)
    }
    docstrings = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        if isinstance(node.value.value, str)
    }
    return code - docstrings


def too_long(text: str) -> list[str]:
    """The functions of a source with more lines of code than fit."""
    code = code_lines(text)
    sizes = {
        node.name: len(code & set(range(node.lineno, (node.end_lineno or 0) + 1)))
        for node in functions(ast.parse(text))
    }
    return [f"{name}: {size}" for name, size in sizes.items() if size > MOST_FUNCTION_LINES]


def top_level() -> set[str]:
    """The top level as git would have it: what is tracked, and what is not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    files = [name for name in listed.stdout.split("\0") if name and (REPOSITORY / name).exists()]
    return {name.partition("/")[0] for name in files}


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_a_file_is_short_enough_to_be_read_at_once(source: Path) -> None:
    assert len(source.read_text().splitlines()) <= MOST_FILE_LINES


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_a_function_fits_on_a_screen(source: Path) -> None:
    assert too_long(source.read_text()) == []


def test_docstrings_comments_and_blank_lines_do_not_count_as_code() -> None:
    text = (
        'def f():\n    """One\n\n    two."""\n\n    # three\n    a = """x\n    y"""\n    return a\n'
    )

    assert code_lines(text) == {1, 7, 8, 9}


def test_a_function_that_is_too_long_is_found() -> None:
    body = "    a = 1\n" * MOST_FUNCTION_LINES

    assert too_long(f"def fits():\n{body[10:]}") == []
    assert too_long(f"class C:\n  async def long(self):\n{body}") == ["long: 41"]


def test_the_top_level_of_the_repository_holds_what_was_agreed() -> None:
    assert top_level() == TOP_LEVEL


def test_the_map_names_every_room_and_module() -> None:
    rooms = {room.name for room in ROOMS}
    modules = {file.stem for file in PACKAGE.glob("*.py")} - {"__init__"}
    chart = lmproxy.__doc__ or ""

    unnamed_rooms = {room for room in rooms if f"{room}/" not in chart}
    unnamed_modules = {name for name in modules if not re.search(rf"\b{name}\b", chart)}

    assert unnamed_rooms | unnamed_modules == set()


@pytest.mark.parametrize("room", FOLDERS, ids=[str(f.relative_to(PACKAGE)) for f in FOLDERS])
def test_a_room_names_every_file_and_folder_in_it(room: Path) -> None:
    chart = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    files = {file.stem for file in room.glob("*.py")} - {"__init__"}
    folders = {f"{file.parent.name}/" for file in room.glob("*/__init__.py")}

    assert {name for name in files | folders if f"`{name}`" not in chart} == set()


def test_every_folder_with_code_is_a_package() -> None:
    folders = {file.parent for file in PACKAGE.glob("**/*.py")}

    assert {folder for folder in folders if not (folder / "__init__.py").exists()} == set()


@pytest.mark.parametrize("module", ["lmproxy", "lmproxy.cli", "lmproxy.app", "lmproxy.upstream"])
def test_nothing_heavy_is_imported_before_it_is_needed(module: str, tmp_path: Path) -> None:
    ended = python("-c", HEAVY.format(module=module), folder=tmp_path)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "\n", "")


def test_the_command_line_is_imported_without_the_rest_of_the_house(tmp_path: Path) -> None:
    code = "import sys, lmproxy.cli; print(*sorted(m for m in sys.modules if 'lmproxy' in m))"

    ended = python("-c", code, folder=tmp_path)

    assert ended.stdout == "lmproxy lmproxy.cli\n"
