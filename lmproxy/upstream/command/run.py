"""What happens while a command runs? Its prompt goes in, its text comes out, and it ends for sure.

It runs in a session of its own, without a shell, and sees only the environment that it is given.
Whoever asks may stop at any time: then the whole process group is killed.
"""

import asyncio
import codecs
import errno
import os
import signal
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

from lmproxy import logs, tasks
from lmproxy.errors import InvalidRequest, UpstreamFault, UpstreamInvalidResponse
from lmproxy.upstream.events import MOST_ANSWER_BYTES

log = logs.get(__name__)

READ_BYTES = 64 * 1024
LAST_WORDS_BYTES = 4096
"""Of stderr, its end: so much is logged of a command that failed."""
LAST_WORDS_S = 1.0
"""How long its stderr is waited for: somebody whom it started may hold it open."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run.

    Attributes:
        connection: whose command it is, for the log.
        stdin: what it reads; `None`: it has none.
        scrub: masks secrets in what it says on stderr.
    """

    connection: str
    arguments: Sequence[str]
    stdin: bytes | None
    environment: Mapping[str, str]
    scrub: Callable[[str], str]

    async def texts(self) -> AsyncGenerator[str, None]:
        """Run it; what it writes on stdout as it comes, without white space at both ends.

        Raises:
            InvalidRequest: the prompt is too long for an argument.
            UpstreamFault: it could not be started, failed, or wrote too much.
        """
        process = await self._start()
        last_words = LastWords()
        listening = tasks.spawn(last_words.read(process), f"stderr of {self.connection}")
        is_over = False
        try:
            async with aclosing(_written(process)) as written, aclosing(trimmed(written)) as texts:
                async for text in texts:
                    yield text
            await process.wait()
            is_over = True
            if process.returncode:
                await asyncio.wait({listening}, timeout=LAST_WORDS_S)
                raise self._failed(process.returncode, last_words.text)
        finally:
            listening.cancel()
            if not is_over:
                _kill(process)

    async def _start(self) -> asyncio.subprocess.Process:
        given = asyncio.subprocess.DEVNULL if self.stdin is None else asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *self.arguments,
                stdin=given,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self.environment,
                start_new_session=True,
            )
        except OSError as error:
            if error.errno == errno.E2BIG:
                raise too_long() from None
            log.error("a command cannot be started", connection=self.connection, reason=str(error))
            raise UpstreamFault("The command behind this model could not be started.") from None
        if self.stdin is not None and process.stdin and not process.stdin.is_closing():
            process.stdin.write(self.stdin)
            process.stdin.close()
        return process

    def _failed(self, status: int, last_words: str) -> UpstreamFault:
        words = self.scrub(last_words)
        log.error("a command failed", connection=self.connection, exit_status=status, stderr=words)
        return UpstreamFault("The command behind this model failed. The operator's log says why.")


class LastWords:
    """The end of what a command writes on stderr. All is read, so that it never has to wait."""

    def __init__(self) -> None:
        self._bytes = b""

    async def read(self, process: asyncio.subprocess.Process) -> None:
        """Read to the end."""
        assert process.stderr is not None
        while said := await process.stderr.read(READ_BYTES):
            self._bytes = (self._bytes + said)[-LAST_WORDS_BYTES:]

    @property
    def text(self) -> str:
        """What is kept."""
        return self._bytes.decode(errors="replace").strip()


def too_long() -> InvalidRequest:
    """The error of a prompt that the system refuses as an argument."""
    return InvalidRequest(
        "The prompt is longer than an argument of a command may be. Shorten it, or ask whoever "
        "runs the proxy to give prompts on standard input: a command without <request>.",
        code="prompt_too_long",
        param="messages",
    )


async def _written(process: asyncio.subprocess.Process) -> AsyncGenerator[str, None]:
    """What it writes, as text; what is not UTF-8 becomes U+FFFD."""
    assert process.stdout is not None
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    left = MOST_ANSWER_BYTES
    while piece := await process.stdout.read(READ_BYTES):
        left -= len(piece)
        if left < 0:
            raise UpstreamInvalidResponse("The answer of the command is too large.")
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


async def trimmed(texts: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """`texts` without white space at both ends of the whole."""
    has_begun = False
    held: list[str] = []
    async for piece in texts:
        text = piece if has_begun else piece.lstrip()
        ready = text.rstrip()
        if ready:
            has_begun = True
            yield "".join((*held, ready))
            held = []
        held.append(text[len(ready) :])


def _kill(process: asyncio.subprocess.Process) -> None:
    """End the command and all that it started in its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
