"""What the documentation shows works as it is shown."""

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest
import tomli_w

from lmproxy.assembly import assemble
from lmproxy.config import load_config
from tests.conftest import GUEST_KEY, TEAM_KEY, base_config, chat
from tests.docs.blocks import BASE, ENVIRONMENT, Block, as_config, block, blocks
from tests.harness import patient
from tests.harness.command import run_python
from tests.harness.proxy import REPOSITORY, Proxy, process_environment
from tests.harness.waiting import until
from tests.provider.server import Provider

TOML = blocks("toml")
PLUGINS = [b for b in blocks("python") if b.text.startswith("# ")]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    text = (REPOSITORY / "config.example.toml").read_text()
    folder = tmp_path_factory.mktemp("example")
    with Proxy(text, folder, arguments=("--port", "0")) as running:
        yield running


def env_file(folder: Path) -> Path:
    path = folder / "env"
    path.write_text("".join(f"{name}={value}\n" for name, value in ENVIRONMENT.items()))
    return path


def without_files(document: Any, folder: Path) -> Any:
    """The example with every path of another machine replaced by a file that is there."""
    if isinstance(document, dict):
        return {key: without_files(value, folder) for key, value in document.items()}
    if isinstance(document, str) and document.removeprefix("file:").startswith(
        ("/etc/", "/opt/", "/var/")
    ):
        target = folder / Path(document).name
        shutil.copy(certifi.where(), target)
        target.chmod(0o700)  # It may stand for a program.
        target.write_text("secret-0123456789abcdef") if document.startswith("file:") else None
        return f"file:{target}" if document.startswith("file:") else str(target)
    return document


@pytest.mark.parametrize("example_block", TOML, ids=[b.place for b in TOML])
def test_every_toml_example_is_a_config_that_starts(example_block: Block, tmp_path: Path) -> None:
    for plugin in PLUGINS:
        name = plugin.text.split()[1]
        (tmp_path / name).write_text(plugin.text)
    document = without_files(tomllib.loads(example_block.text), tmp_path)
    if "keys" in document:
        (tmp_path / "keys").mkdir()
        (tmp_path / "keys" / "team.toml").write_text(example_block.text)
        document = {"keys_dir": str(tmp_path / "keys")}
    file = tmp_path / "prod.toml"
    file.write_text(tomli_w.dumps(as_config(document)))

    run = subprocess.run(
        [sys.executable, "-m", "lmproxy", "check", "--config", str(file)],
        env=process_environment({**ENVIRONMENT, "PYTHONPATH": f"{REPOSITORY}:{tmp_path}"}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("sdk", ["openai", "anthropic"])
def test_the_client_example_prints_an_answer(example: Proxy, tmp_path: Path, sdk: str) -> None:
    script = tmp_path / "client.py"
    examples = [b for b in blocks("python") if b.place.startswith("connect.md")]
    (text,) = [b.text for b in examples if b.text.startswith(f"from {sdk} ")]
    script.write_text(text.replace("http://127.0.0.1:8000", example.url))

    run = run_python(str(script), folder=tmp_path)

    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()


def test_the_transcript_of_the_readme_is_what_happens(example: Proxy, tmp_path: Path) -> None:
    before = len(example.records())
    script = tmp_path / "transcript.py"
    program = block("README.md", "python").text
    script.write_text(program.replace("http://127.0.0.1:8000", example.url))
    shown, records = (b.text.splitlines() for b in blocks("text") if "README" in b.place)

    run = run_python(str(script), folder=tmp_path)

    printed = run.stdout.splitlines()
    assert len(printed) == len(shown), run.stderr
    assert printed[2:] == shown[2:]  # The model's own words may differ on another processor.
    written = example.records()[before:]
    assert [r["outcome"] for r in written] == [json.loads(line)[7] for line in records]
    assert [r["status"] for r in written] == [json.loads(line)[6] for line in records]


def test_the_first_request_of_the_readme_is_answered_as_shown(example: Proxy) -> None:
    shown = block("README.md", "console").text
    command, answer = shown.removeprefix("$ ").rsplit("\n{", 1)
    command = command.replace("http://127.0.0.1:8000", example.url)

    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)

    assert run.stdout.startswith("{" + answer.partition('"content"')[0])


def test_a_connection_of_ones_own_answers(tmp_path: Path) -> None:
    parrot = next(b for b in PLUGINS if b.text.startswith("# parrot.py"))
    (tmp_path / "parrot.py").write_text(parrot.text)
    printer = next(b for b in PLUGINS if b.text.startswith("# printer.py"))
    (tmp_path / "printer.py").write_text(printer.text)
    config = {
        **BASE,
        "port": 0,
        "connections": {"bird": {"api_type": "parrot.Parrot", "word": "hello"}},
        "routing": {"*": "bird.*"},
        "loggers": [{"class": "printer.Printer", "prefix": "request"}],
    }
    environment = {**ENVIRONMENT, "PYTHONPATH": f"{REPOSITORY}:{tmp_path}"}

    with Proxy(config, tmp_path, environment=environment) as proxy:
        answer = patient.post(
            f"{proxy.api}/chat/completions",
            headers={"api-key": ENVIRONMENT["TEAM_KEY"]},
            json={"model": "any", "messages": []},
        )

    assert answer.json()["choices"][0]["message"]["content"] == "hello"


def test_handlers_of_ones_own_change_refuse_and_follow_requests(
    provider: Provider, tmp_path: Path
) -> None:
    own = next(b for b in PLUGINS if b.text.startswith("# office_hours.py"))
    (tmp_path / "office_hours.py").write_text(own.text)
    shown = next(b for b in TOML if "office_hours.tell" in b.text)
    config = {**base_config(provider), **tomllib.loads(shown.text)}

    output = tmp_path / "stdout"
    with output.open("w") as stdout, Proxy(config, tmp_path, stdout=stdout) as proxy:
        good = patient.post(
            f"{proxy.api}/chat/completions",
            headers={"api-key": TEAM_KEY},
            json=chat("office-hours", max_tokens=9000),
        )
        bad = patient.post(
            f"{proxy.api}/embeddings",
            headers={"api-key": GUEST_KEY},
            json={"model": "office-hours-vectors", "input": "a"},
        )
        told = until(lambda: output.read_text().splitlines()[1:], "what after said")

    (request,) = provider.requests_for("office-hours")
    assert (good.status_code, bad.status_code) == (200, 403)
    assert request.json is not None
    assert request.json["max_tokens"] == 500
    assert bad.json()["error"]["code"] == "only_chat"
    assert "'asked_tokens': 9000" in output.read_text()
    assert "only_chat" in told[0]


def test_the_library_example_makes_an_application(tmp_path: Path) -> None:
    text = next(b for b in blocks("python") if "create_app" in b.text).text
    program = "\n".join(line for line in text.splitlines() if not line.startswith("run("))
    file = tmp_path / "prod.toml"
    file.write_text(tomli_w.dumps({**BASE, "storage": {"dir": str(tmp_path)}}))

    config = load_config(file, env_file(tmp_path))
    assert assemble(config).snapshot.enabled
    run = subprocess.run(
        [sys.executable, "-c", f"{program}\nprint(callable(app))"],
        env=process_environment(ENVIRONMENT),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.stdout == "True\n", run.stderr


def parts(program: str) -> dict[str, ast.stmt | ast.expr]:
    """What a program defines: functions by name, and of calls that are given a name each field."""
    found: dict[str, ast.stmt | ast.expr] = {}
    for node in ast.parse(program).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            name = ast.unparse(node.targets[0])
            found |= {f"{name}.{field.arg}": field.value for field in node.value.keywords}
    return found


def test_the_endpoint_of_the_extending_page_is_the_one_that_is_there() -> None:
    source = parts((REPOSITORY / "lmproxy" / "upstream" / "operations" / "rerank.py").read_text())
    shown: dict[str, ast.stmt | ast.expr] = {}
    for excerpt in blocks("python"):
        if excerpt.place.startswith("extend.md") and not excerpt.text.startswith(("# ", "from ")):
            shown |= parts(excerpt.text)

    assert shown.keys() == {"_check", *(name for name in source if name.startswith("RERANK."))}
    for name, part in shown.items():
        before, left_out, _ = ast.unparse(part).partition("...")
        there = ast.unparse(source[name])
        assert there.startswith(before) if left_out else there == before


def test_every_first_config_of_the_install_page_is_written_as_shown(tmp_path: Path) -> None:
    text = "".join(b.text for b in blocks("sh") if "install.md" in b.place)
    shown = re.findall(r"^oai-proxy (init .*)$", text, re.MULTILINE)

    assert len(shown) > 1
    for number, command in enumerate(shown):
        folder = tmp_path / str(number)
        folder.mkdir()
        run = subprocess.run(
            [sys.executable, "-m", "lmproxy", *shlex.split(command)],
            env=process_environment({}),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr


def test_every_script_the_documents_name_is_there() -> None:
    texts = [b.text for b in blocks("sh")] + [(REPOSITORY / "CONTRIBUTING.md").read_text()]
    named = {name for text in texts for name in re.findall(r"scripts/[a-z-]+", text)}

    assert {"scripts/serve", "scripts/test", "scripts/install"} <= named
    for name in named:
        assert (REPOSITORY / name).stat().st_mode & 0o111, name


def test_the_key_recipe_prints_a_key_and_its_digest() -> None:
    text = block("keys-and-groups.md", "sh").text

    run = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True)
    key, digest = run.stdout.split()[:2]

    assert len(key) == 48
    assert re.fullmatch("[0-9a-f]{64}", digest)


def test_every_option_of_the_operating_page_exists() -> None:
    page = (REPOSITORY / "docs" / "operate.md").read_text()
    options = set(re.findall(r"`(--[a-z-]+)", page)) | set(re.findall(r" (--[a-z]+) ", page))

    help_text = "".join(
        subprocess.run(
            [sys.executable, "-m", "lmproxy", *command, "--help"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for command in (
            [],
            ["serve"],
            ["init"],
            ["migrate"],
            ["check"],
            ["explain"],
            ["models"],
            ["config", "show"],
        )
    )

    assert {"--config", "--port", "--env-file"} <= options
    for option in options:
        assert option in help_text
