"""A command on this machine as a model: `api_type = "cli"`.

It runs once for each request, without a shell. The prompt is one text, in the place of `<request>`
in the command line or else on stdin; what the command writes on stdout is the answer.
"""

import os
import re
import shlex
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import PurePath

from lmproxy.call import Call, Observed, Reply
from lmproxy.child.prompt import prompt_of
from lmproxy.config.binding import Misfit
from lmproxy.config.environment import command_environment
from lmproxy.errors import InvalidRequest
from lmproxy.upstream.command.run import Command
from lmproxy.upstream.connection import Common, Connection, not_offered
from lmproxy.upstream.item_reply import Source
from lmproxy.upstream.lease import Leases
from lmproxy.upstream.plain_chat import leave_out, plain_messages

REQUEST = "<request>"
SHELLS = {"sh", "ash", "bash", "dash", "fish", "ksh", "mksh", "zsh", "csh", "tcsh"}
COMMAND_OPTION = re.compile(r"-[a-z]*c[a-z]*")
USUAL_CONCURRENCY = 4
"""Each request is a process, of whatever size."""


class CommandLine(Connection):
    """`api_type = "cli"`."""

    def __init__(
        self,
        common: Common,
        cli: str | list[str],
        env: dict[str, str] | None = None,
        model: str | None = None,
    ) -> None:
        """Check that the program is there; run nothing.

        Args:
            common: what every connection has.
            cli: the command line: one text, split as a shell would, or a list of arguments.
            env: environment variables for it, besides the few that every command gets.
            model: its name, for routes that name none.

        Raises:
            Misfit: the command line cannot be run.
        """
        super().__init__(common)
        self._leases = Leases(common.settings.concurrency or USUAL_CONCURRENCY)
        self._environment = {**command_environment(), **_checked(env or {})}
        self._arguments = _arguments(cli)
        self._takes_argument = any(REQUEST in argument for argument in self._arguments)
        self._arguments[0] = _program(self._arguments[0], self._environment.get("PATH"))
        self.own_model = model
        self._scrub = common.scrubber.text
        self._source = Source("command", self._leases, common.settings.timeouts)

    def lane(self, operation: str) -> str:
        """`command`: there is no provider and nothing to translate."""
        return "estimate" if operation == "count_tokens" else "command"

    async def ask(self, call: Call, model: str, observed: Observed) -> Reply:
        """Run the command; see `Connection.ask`."""
        del model  # The command knows which one it is.
        if call.operation != "chat":
            raise not_offered(call)
        prompt = prompt_of(plain_messages(call.body["messages"]))
        command = self._command(prompt)
        leave_out(call, observed, strict=self.is_strict)
        return await self._source.reply(call, command.texts(), observed)

    def _command(self, prompt: str) -> Command:
        """The run for one prompt.

        Raises:
            InvalidRequest: the prompt cannot be an argument.
        """
        if not self._takes_argument:
            stdin = prompt.encode()
            return Command(self.name, self._arguments, stdin, self._environment, self._scrub)
        if "\0" in prompt:
            raise InvalidRequest(
                "The prompt has a NUL character, which no argument of a command can have. "
                "Take it out.",
                param="messages",
            )
        arguments = _filled(self._arguments, prompt)
        return Command(self.name, arguments, None, self._environment, self._scrub)

    async def close(self) -> None:
        """Nothing is held: a command ends with its request."""


def _filled(arguments: Sequence[str], prompt: str) -> list[str]:
    """`arguments` with the prompt in them, each as many as before.

    A whole argument cannot become an option: one that would begin with `-` begins with a space,
    unless the operator wrote `--` in front of it.
    """
    before = ("", *arguments)
    safe = f" {prompt}" if prompt.startswith("-") else prompt
    return [
        safe if argument == REQUEST and last != "--" else argument.replace(REQUEST, prompt)
        for last, argument in zip(before, arguments, strict=False)
    ]


def _arguments(cli: str | list[str]) -> list[str]:
    try:
        arguments = shlex.split(cli) if isinstance(cli, str) else list(cli)
    except ValueError as error:
        raise Misfit("cli", f"cannot be split into arguments: {error}", None) from None
    if not arguments or not arguments[0]:
        raise Misfit("cli", "names no program", None)
    if REQUEST in arguments[0]:
        raise Misfit("cli", "the program would be the client's choice", f"move {REQUEST} behind it")
    if _is_program_text(arguments):
        hint = 'pass it behind the program: ["sh", "-c", \'wc -w "$1"\', "sh", "<request>"]'
        raise Misfit("cli", "the shell would run what clients write", hint)
    if any("\0" in argument for argument in arguments):
        raise Misfit("cli", "has a NUL character", None)
    return arguments


def _is_program_text(arguments: Sequence[str]) -> bool:
    """Whether the prompt would be part of what a shell is told to run by `-c`."""
    shells = (at for at, word in enumerate(arguments) if PurePath(word).name in SHELLS)
    behind = arguments[next(shells, len(arguments)) + 1 :]
    return any(
        COMMAND_OPTION.fullmatch(option) and REQUEST in text for option, text in pairwise(behind)
    )


def _program(name: str, path: str | None) -> str:
    found = shutil.which(name, path=path)
    if found is None:
        where = "is no program that can be run" if os.sep in name else "is not in PATH"
        raise Misfit("cli", f"'{name}' {where}", "install it, or write its whole path")
    return found


def _checked(variables: dict[str, str]) -> dict[str, str]:
    for name, value in variables.items():
        if not name or "=" in name or "\0" in name + value:
            raise Misfit("env", f"'{name}' cannot be an environment variable", None)
    return variables
