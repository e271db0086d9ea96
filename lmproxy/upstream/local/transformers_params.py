"""How is a Transformers model loaded, and by which Python? The program that is started for it."""

import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict
from typing_extensions import TypedDict

import lmproxy
from lmproxy.call import Json
from lmproxy.config.binding import Misfit
from lmproxy.config.environment import command_environment
from lmproxy.upstream.local.process import LocalModelMissing

PACKAGES = ("torch", "transformers")
INSTALL = (
    "pip install '.[transformers]', or name with 'python' the Python of an environment that has "
    "torch and transformers"
)
START = (
    "import sys; sys.path.append(sys.argv[1]); import lmproxy; sys.path.pop(); "
    "from lmproxy.child.transformers_program import main; main()"
)
"""Of the proxy's own packages the child sees this one alone."""
QUIET = {
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
NO_EFFECT = {
    "gradient_checkpointing": "it is for training",
    "use_pipeline": "the model is asked without a pipeline, for the same text",
    "pipeline_task": "the model is asked without a pipeline, for the same text",
}
"""Parameters of lm-proxy that are accepted and change nothing, and why."""
NO_TEXT = {
    "model": "write the connection's model: a folder or a name on the hub",
    "inference": "write api_type = 'function' with your own inference_func",
}
"""Parameters of lm-proxy that only a Python program can give, and what to do instead."""


class InitParams(TypedDict, total=False):
    """`init_params`: lm-proxy's, and those of `from_pretrained` that a config can say."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    tokenizer: str
    device: str
    quantize_4bit: bool
    always_clear_mem: bool
    stops_from_chat_template: bool
    dtype: str
    torch_dtype: str
    device_map: str | dict[str, int | str]
    max_memory: dict[str, int | str]
    offload_folder: str
    low_cpu_mem_usage: bool
    attn_implementation: str
    trust_remote_code: bool
    revision: str
    cache_dir: str
    local_files_only: bool
    gradient_checkpointing: bool
    use_pipeline: bool
    pipeline_task: str
    model: Any
    inference: Any


@dataclass(frozen=True, slots=True)
class TransformersProgram:
    """What is started.

    Attributes:
        python: an interpreter; `None` is the proxy's own.
        params: `init_params` without those that have no effect.
        variables: added to the few environment variables that every command gets.
    """

    model: str
    params: Json
    python: Path | None
    variables: Mapping[str, str]

    @property
    def what(self) -> str:
        """What it is, in errors."""
        return "Transformers model"

    @property
    def command(self) -> Sequence[str]:
        """How it is started."""
        folder = Path(lmproxy.__path__[0]).parent
        return (str(self.python or sys.executable), "-P", "-c", START, str(folder))

    def check(self) -> None:
        """Raise `LocalModelMissing` if it could not be started."""
        if self.python is not None and not os.access(self.python, os.X_OK):
            raise LocalModelMissing(f"python {self.python} is no program that can be run.")
        if self.python is None and not all(map(importlib.util.find_spec, PACKAGES)):
            raise LocalModelMissing(f"torch and transformers are not installed: {INSTALL}.")

    def orders(self) -> Json:
        """What the child is told."""
        return {"model": self.model, "params": self.params}

    def environment(self) -> dict[str, str]:
        """What the child gets of ours."""
        return {**command_environment(), **QUIET, **self.variables}


def effective(given: InitParams) -> Json:
    """`given` without what has no effect.

    Raises:
        Misfit: something in it can only be given by a Python program.
    """
    for name, instead in NO_TEXT.items():
        if name in given:
            message = "is a thing of Python's, which no config can say"
            raise Misfit(f"init_params.{name}", message, instead)
    return {name: value for name, value in given.items() if name not in NO_EFFECT}
