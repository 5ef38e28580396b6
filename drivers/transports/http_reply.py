"""One HTTP/1.1 reply, read as its bytes come (RFC 9112), from servers that may be old, broken or hostile.

A body ends by its Content-Length, by its last chunk, or where the server closes. Every part has a cap: the head, the
body, and what chunking adds to it. What is outside them, or contradicts itself, is an error with a plain sentence.
"""

import re
import zlib
from collections.abc import Callable
from typing import Final

HEAD_LIMIT: Final = 32 * 1024
"""Bytes of status line and headers together, interim replies (100 Continue) included."""
CHUNKING_LIMIT: Final = 128 * 1024
"""Bytes that chunk sizes, their extensions and trailers may add to a body; real replies add a few hundred."""
CHUNK_LINE_LIMIT: Final = 1024
"""Bytes of one line between chunks."""

_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-5]\d\d)(?: .*)?")
_LENGTH = re.compile(r"\d{1,12}")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,12}")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_START: Final = b"HTTP/1."
_ZIPPED: Final = frozenset({"gzip", "x-gzip", "deflate"})


class BadReplyError(ValueError):
    """What came is no HTTP reply, or longer than allowed; the text says what is wrong with it.

    Attributes:
        raw: The beginning of what came.
    """

    def __init__(self, text: str, raw: bytes | bytearray = b"") -> None:
        super().__init__(text)
        self.raw = bytes(raw[:4096])


class ReplyReader:
    """Takes the bytes of one reply.

    Attributes:
        status: HTTP status, once the head is read.
        headers: By lower-case name; a header that came more than once is joined with ", ".
        complete: Whether the reply has ended.
        keeps: Whether the connection can carry another question: known once complete.
        received: Whether any byte has come.
    """

    __slots__ = (
        "_added",
        "_body",
        "_has_body",
        "_head_left",
        "_left",
        "_raw",
        "_size_limit",
        "_step",
        "complete",
        "headers",
        "keeps",
        "received",
        "status",
    )

    def __init__(self, size_limit: int, *, has_body: bool = True) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.complete = False
        self.keeps = False
        self.received = False
        self._size_limit = size_limit
        self._has_body = has_body
        self._raw = bytearray()
        self._body: bytes | bytearray = b""
        self._left = 0
        """Bytes still missing: of the body, or of the chunk that is being read."""
        self._added = 0
        self._head_left = HEAD_LIMIT
        self._step: Callable[[], bool] = self._read_head

    def body(self) -> bytes:
        """The body of a complete reply, unpacked.

        Raises:
            BadReplyError: It is packed in a way that was not asked for, or longer than allowed once unpacked.
        """
        coding = self.headers.get("content-encoding", "identity").strip().lower()
        if coding in {"identity", ""} or not self._body:
            return bytes(self._body)
        if coding not in _ZIPPED:
            raise BadReplyError("the answer is packed in a way that was not asked for", self._body)
        return _unzip(bytes(self._body), self._size_limit)

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; true once the reply is complete.

        Raises:
            BadReplyError: The reply is no HTTP or longer than allowed.
        """
        self.received = True
        self._raw += data
        while not self.complete and self._step():
            pass
        return self.complete

    def end(self) -> None:
        """The server has closed its side.

        Raises:
            BadReplyError: The reply is not complete.
        """
        if self.complete:
            return
        if self._step != self._read_until_closed:
            raise BadReplyError("the answer was cut", self._body or self._raw)
        self._body = bytes(self._raw)
        self.complete = True

    def _read_head(self) -> bool:
        raw = self._raw
        if not raw.startswith(_START[: len(raw)]):
            raise BadReplyError("the answer is no HTTP", raw)
        end = _HEAD_END.search(raw, 0, self._head_left)
        if end is None:
            if len(raw) >= self._head_left:
                raise BadReplyError(f"the headers are longer than {HEAD_LIMIT} bytes", raw)
            return False
        self._head_left -= end.end()
        status_line, *lines = raw[: end.start()].decode("latin-1").split("\n")
        del raw[: end.end()]
        match = _STATUS_LINE.fullmatch(status_line.rstrip("\r"))
        if match is None:
            raise BadReplyError("the answer is no HTTP", status_line.encode())
        self.status = int(match[2])
        self.headers = _headers(lines)
        if 100 <= self.status < 200:
            if self.status == 101:
                raise BadReplyError("the server changes to another protocol")
            return True
        self._frame(is_newer=match[1] == "1")
        return True

    def _frame(self, *, is_newer: bool) -> None:
        """Choose how the body ends."""
        connection = self.headers.get("connection", "").lower()
        self.keeps = "close" not in connection if is_newer else "keep-alive" in connection
        if not self._has_body or self.status in {204, 304}:
            self._finish(b"")
            return
        coding = self.headers.get("transfer-encoding")
        length = self.headers.get("content-length")
        if coding is not None:
            if coding.strip().lower() != "chunked":
                raise BadReplyError("the answer comes in a coding that was not asked for")
            self._body = bytearray()
            self._step = self._read_chunk_size
        elif length is not None:
            self._left = _length(length)
            if self._left > self._size_limit:
                raise self._too_long()
            self._step = self._read_length
        else:
            self.keeps = False
            self._step = self._read_until_closed

    def _read_length(self) -> bool:
        if len(self._raw) < self._left:
            return False
        body = bytes(self._raw[: self._left])
        del self._raw[: self._left]
        self._finish(body)
        return True

    def _read_until_closed(self) -> bool:
        if len(self._raw) > self._size_limit:
            raise self._too_long()
        return False

    def _line(self) -> bytes | None:
        """The next line between chunks, without its end; None while it is not whole."""
        end = self._raw.find(b"\n", 0, CHUNK_LINE_LIMIT)
        if end < 0:
            if len(self._raw) >= CHUNK_LINE_LIMIT:
                raise BadReplyError("a line between chunks is too long", self._raw)
            return None
        self._added += end + 1
        if self._added > CHUNKING_LIMIT:
            raise BadReplyError("the answer is cut into too many chunks", self._body)
        line = bytes(self._raw[:end]).rstrip(b"\r")
        del self._raw[: end + 1]
        return line

    def _read_chunk_size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        size = line.partition(b";")[0].strip()
        if not _CHUNK_SIZE.fullmatch(size):
            raise BadReplyError("a chunk of the answer says no size", self._body)
        self._left = int(size, 16)
        if self._left + len(self._body) > self._size_limit:
            raise self._too_long()
        self._step = self._read_chunk if self._left else self._read_trailer
        return True

    def _read_chunk(self) -> bool:
        if len(self._raw) < self._left + 1:
            return False
        self._body += self._raw[: self._left]
        del self._raw[: self._left]
        self._left = 0
        self._step = self._read_chunk_end
        return True

    def _read_chunk_end(self) -> bool:
        line = self._line()
        if line is None:
            return False
        if line:
            raise BadReplyError("a chunk of the answer is not as long as it says", self._body)
        self._step = self._read_chunk_size
        return True

    def _read_trailer(self) -> bool:
        line = self._line()
        if line is None:
            return False
        if not line:
            self._finish(self._body)
        return True

    def _finish(self, body: bytes | bytearray) -> None:
        self._body = body
        self.complete = True
        if self._raw:  # whatever follows was not asked for, and the next answer could not be told from it
            self.keeps = False

    def _too_long(self) -> BadReplyError:
        return BadReplyError(f"the answer is longer than {self._size_limit} bytes", self._body or self._raw)


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            continue
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _length(text: str) -> int:
    """A Content-Length, which may have come several times if it was the same each time."""
    lengths = {part.strip() for part in text.split(",")}
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length):
        raise BadReplyError("the answer gives no usable length")
    return int(length)


def _unzip(body: bytes, size_limit: int) -> bytes:
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        unpacked = unpacker.decompress(body, size_limit + 1)
    except zlib.error:
        raise BadReplyError("the answer cannot be unpacked") from None
    if len(unpacked) > size_limit:
        raise BadReplyError(f"the answer is longer than {size_limit} bytes once unpacked")
    if not unpacker.eof:
        raise BadReplyError("the answer was cut")
    return unpacked
