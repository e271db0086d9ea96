"""`oai-proxy init`: from nothing to a proxy that answers with the key it printed."""

import os
import pty
import re
import select
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import UPSTREAM_KEY, bearer, chat
from tests.harness import patient
from tests.harness.command import OAI_PROXY, Ended, oai_proxy
from tests.harness.proxy import Proxy, process_environment
from tests.provider import answers
from tests.provider.server import Provider

KEY = re.compile(r"^  (sk-[0-9a-f]{48})\r?$", re.MULTILINE)
PATIENCE_S = 30


def init(folder: Path, *arguments: str) -> Ended:
    """Without a terminal."""
    return oai_proxy("init", *arguments, folder=folder)


def written(folder: Path, name: str = "oai-proxy.toml") -> dict[str, Any]:
    return tomllib.loads((folder / name).read_text())


def on_a_terminal(folder: Path, *arguments: str, typed: dict[str, str]) -> tuple[int, str]:
    """Exit code and screen; each answer is typed once its question stands there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [OAI_PROXY, "init", *arguments],
        cwd=folder,
        env=process_environment({"TERM": "dumb"}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    screen, waiting = "", dict(typed)
    while select.select([ours], [], [], PATIENCE_S)[0]:
        try:
            screen += os.read(ours, 4096).decode()
        except OSError:  # EIO: they have closed it.
            break
        question = next(iter(waiting), None)
        if question is not None and question in screen:
            os.write(ours, f"{waiting.pop(question)}\n".encode())
    os.close(ours)
    return process.wait(PATIENCE_S), screen


def printed_key(screen: str) -> str:
    (key,) = KEY.findall(screen)
    return str(key)


@pytest.mark.parametrize(
    ("provider", "variable"),
    [("openai", "OPENAI_API_KEY"), ("anthropic", "ANTHROPIC_API_KEY"), ("gemini", "GOOGLE_API_KEY"),
     ("local", None), ("ollama", None), ("open_ai", "OPENAI_API_KEY")],
)  # fmt: skip
def test_what_is_written_passes_check_without_a_warning(
    provider: str, variable: str | None, tmp_path: Path
) -> None:
    ended = init(tmp_path, "--provider", provider)
    environment = {variable: "any-0123456789"} if variable else {}
    lines = [line.strip() for line in ended.stdout.splitlines()]
    first, second = lines[-2:]
    checked = oai_proxy(*first.split()[1:], folder=tmp_path, environment=environment)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert (first, second) == (
        "oai-proxy check --config oai-proxy.toml", "oai-proxy --config oai-proxy.toml"
    )  # fmt: skip
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == "oai-proxy.toml: ok\n"
    assert variable is None or f"into {variable}," in ended.stdout


def test_the_key_is_printed_once_and_the_file_has_its_digest_for_its_owner_alone(
    tmp_path: Path,
) -> None:
    one, two = (init(tmp_path, "--provider", "local", "-o", name) for name in ("a", "b"))

    assert printed_key(one.stdout) != printed_key(two.stdout)
    assert printed_key(one.stdout) not in (tmp_path / "a").read_text()
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert len(one.stdout.split(printed_key(one.stdout))) == 2


def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "oai-proxy.toml").write_text("mine")
    (tmp_path / "link.toml").symlink_to("nowhere.toml")

    ended = init(tmp_path, "--provider", "local")
    linked = init(tmp_path, "--provider", "local", "-o", "link.toml")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "oai-proxy.toml is there already: give another --output\n"
    assert (tmp_path / "oai-proxy.toml").read_text() == "mine"
    assert (linked.returncode, linked.stdout) == (1, "")
    assert not (tmp_path / "nowhere.toml").exists()


def test_a_place_that_cannot_be_written_is_told_and_no_key_is_printed(tmp_path: Path) -> None:
    ended = init(tmp_path, "--provider", "local", "-o", "no/such/folder.toml")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "no/such/folder.toml cannot be written: No such file or directory\n"


def test_every_flag_is_in_the_file(tmp_path: Path) -> None:
    flags = (
        "--provider vllm --api-base http://127.0.0.1:9/v1/ --api-key-credential vllm.key "
        "--host 0.0.0.0 --port 8080 --group research -o prod.toml --yes"
    )

    ended = init(tmp_path, *flags.split())
    document = written(tmp_path, "prod.toml")

    assert ended.returncode == 0
    assert (document["host"], document["port"]) == ("0.0.0.0", 8080)
    assert document["connections"] == {
        "vllm": {
            "api_type": "vllm",
            "api_base": "http://127.0.0.1:9/v1",
            "api_key": "credential:vllm.key",
        }
    }
    assert list(document["groups"]) == ["research"]
    assert document["model_listing_mode"] == "expand_wildcards"


def test_a_key_s_file_is_named_by_where_it_is(tmp_path: Path) -> None:
    init(tmp_path, "--provider", "groq", "--api-key-file", 'my "key"')

    assert written(tmp_path)["connections"]["groq"]["api_key"] == f'file:{tmp_path}/my "key"'


def test_wildcards_stay_as_they_are_for_a_provider_without_a_list(tmp_path: Path) -> None:
    init(tmp_path, "--provider", "perplexity")

    assert "model_listing_mode" not in written(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "--provider is needed"),
        ("--yes", "--provider is needed"),
        ("--provider vllm", "--api-base is needed"),
        ("--provider opnai", "no provider 'opnai'; did you mean 'openai'?"),
        ("--provider zzz", "there are openai, "),
        ("--provider bedrock", "needs more than a key"),
        ("--provider local --api-base http://127.0.0.1/", "a local model has no --api-base"),
        ("--provider local --api-key-env KEY", "a local model takes no key"),
        ("--provider openai --api-key-env A --api-key-file b", "give one of"),
        ("--provider openai --group a.b", "a group's name has"),
        ('--provider openai --host a"b', "an address is"),
        ("--provider openai --api-base ftp://x/", "a base URL begins with"),
        ("--provider openai --api-base http://u:p@x/", "a base URL begins with"),
        ("--provider openai --api-base http://[x/", "a base URL begins with"),
    ],
)
def test_what_is_missing_or_wrong_is_told_in_a_line_and_exits_with_2(
    arguments: str, words: str, tmp_path: Path
) -> None:
    ended = init(tmp_path, *arguments.split())

    assert (ended.returncode, ended.stdout) == (2, "")
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--api-key-env", "--api-key-file", "--api-key-credential"])
@pytest.mark.parametrize("key", ["sk-proj-0123456789", "AIzaSy0123456789abcdefghij"])
def test_a_key_given_by_mistake_is_refused_and_not_repeated(
    option: str, key: str, tmp_path: Path
) -> None:
    ended = init(tmp_path, "--provider", "openai", option, key)

    assert ended.returncode == 2
    assert key not in ended.stdout + ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_it_asks_and_asks_again_after_a_slip(tmp_path: Path) -> None:
    typed = {
        "Provider [openai]: ": "opnai",
        "did you mean 'openai'?": "openai",
        "holds your key at openai [OPENAI_API_KEY]: ": "MY_KEY",
        "Address to listen on [127.0.0.1]: ": "",
        "Port [8000]: ": "8001",
        "Group of the new key [team]: ": "",
    }

    code, screen = on_a_terminal(tmp_path, typed=typed)

    document = written(tmp_path)
    assert code == 0, screen
    assert printed_key(screen)
    assert document["connections"]["openai"] == {"api_type": "openai", "api_key": "env:MY_KEY"}
    assert (document["host"], document["port"]) == ("127.0.0.1", 8001)
    assert list(document["groups"]) == ["team"]


def test_on_a_terminal_it_asks_only_for_what_is_not_given(tmp_path: Path) -> None:
    flags = ("--provider", "tgi", "--host", "::1", "--port", "80", "--group", "g")
    typed = {"Base URL of tgi: ": "http://127.0.0.1:9/v1", "holds a key for tgi": "-"}

    code, screen = on_a_terminal(tmp_path, *flags, typed=typed)

    assert code == 0, screen
    assert written(tmp_path)["connections"]["tgi"] == {
        "api_type": "tgi", "api_base": "http://127.0.0.1:9/v1"
    }  # fmt: skip


def test_on_a_terminal_yes_asks_nothing(tmp_path: Path) -> None:
    code, screen = on_a_terminal(tmp_path, "--provider", "openai", "-y", typed={})

    assert code == 0
    assert "[" not in screen


def ask(proxy: Proxy, key: str, model: str) -> tuple[list[str], httpx.Response]:
    """What `/v1/models` lists, and an answer."""
    listed = patient.get(f"{proxy.api}/models", headers=bearer(key)).json()["data"]
    answer = patient.post(
        f"{proxy.api}/chat/completions",
        headers=bearer(key),
        json=chat(model, max_tokens=8),
        timeout=60,
    )
    return [entry["id"] for entry in listed], answer


def test_a_server_started_from_it_answers_with_the_printed_key(
    provider: Provider, tmp_path: Path
) -> None:
    flags = ("--api-base", provider.base_url, "--port", "0")
    ended = init(tmp_path, "--provider", "openai", *flags)
    text = (tmp_path / "oai-proxy.toml").read_text()

    with Proxy(text, tmp_path, environment={"OPENAI_API_KEY": UPSTREAM_KEY}) as proxy:
        listed, answer = ask(proxy, printed_key(ended.stdout), "gpt-4o")

    assert listed == [answers.SERVED_MODEL]
    assert answer.status_code == 200, answer.text


def test_a_local_server_started_from_it_answers_with_the_printed_key(tmp_path: Path) -> None:
    ended = init(tmp_path, "--provider", "local", "--port", "0")
    text = (tmp_path / "oai-proxy.toml").read_text()

    with Proxy(text, tmp_path) as proxy:
        listed, answer = ask(proxy, printed_key(ended.stdout), "smollm2")

    assert listed == ["smollm2"]
    assert answer.status_code == 200, answer.text
