"""How does a form go on? Written anew, with the provider's name of its model, as it is sent.

Names, file names, types and data are the client's; between them stands a boundary of ours that no
client could know, so that there is one way to read it. Its length is known before it is sent, and
of its data no more than a piece is in memory.
"""

import secrets
from collections.abc import AsyncGenerator, Iterator

from lmproxy.form import Form, Part

PIECE_BYTES = 256 * 1024
MODEL_HEAD = b'Content-Disposition: form-data; name="model"\r\n'


class Upload:
    """One form on its way to a provider."""

    def __init__(self, form: Form, model: str) -> None:
        """`model` takes the place of the form's own, or is added at the end."""
        self._form = form
        self._boundary = secrets.token_hex(16)
        self._written = list(self._segments(form, model.encode()))

    @property
    def headers(self) -> dict[str, str]:
        """What the request has to say of its body."""
        sizes = (len(item) if isinstance(item, bytes) else item.size for item in self._written)
        return {
            "content-type": f"multipart/form-data; boundary={self._boundary}",
            "content-length": str(sum(sizes)),
        }

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body. May be asked for again, if the first was not sent.

        Raises:
            OSError: the data cannot be read.
        """
        for item in self._written:
            if isinstance(item, bytes):
                yield item
                continue
            at, end = item.start, item.start + item.size
            while at < end:
                piece = await self._form.spool.read(at, min(PIECE_BYTES, end - at))
                if not piece:
                    raise OSError("the data of an upload is gone")
                at += len(piece)
                yield piece

    def _segments(self, form: Form, model: bytes) -> Iterator[bytes | Part]:
        """What is written, in order: bytes of ours, and parts whose data comes from the spool."""
        edge = f"--{self._boundary}\r\n".encode()
        named = False
        for part in form.parts:
            if part.name == "model":
                yield b"%b%b\r\n%b\r\n" % (edge, MODEL_HEAD, model)
                named = True
            else:
                yield b"%b%b\r\n" % (edge, part.head)
                yield part
                yield b"\r\n"
        if not named:
            yield b"%b%b\r\n%b\r\n" % (edge, MODEL_HEAD, model)
        yield f"--{self._boundary}--\r\n".encode()
