"""Bundles: one file with rows in compressed blocks, and at its end a manifest that is signed.

Layout, big endian: 16 bytes of mark and format, the blocks one after another, the manifest (JSON), then 84 bytes of
end: the signature (64), where the manifest begins (u64) and how long it is (u32), and the mark of the end (8). Every
byte is covered: blocks by the hashes in the manifest, the manifest by the signature, the rest by being what it must be.
"""

import os
import struct
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import IO

import msgspec
import zstandard

from console.settings.installation import Installation
from console.store.history.codec import CorruptBlob, compress, decompress
from console.store.sync.manifest import FORMAT, Manifest, Offer, Part
from console.store.sync.refusal import BundleDamaged, SyncRefused
from console.store.sync.rows import Block, Row, decode_rows, encode_rows
from console.store.sync.signing import SIGNATURE, check_signature, sign

_MARK = b"TerraHashBundle"
_FRONT = struct.Struct(">15sB")
_END = struct.Struct(f">{SIGNATURE}sQI8s")
_END_MARK = b"THBundle"
_MOST_MANIFEST = 256 << 20
_LEVEL = 1
"""zstd-1: most of a bundle are tiles, which are compressed already."""


class BundleWriter:
    """Writes a bundle beside its place and moves it there when it is whole.

    Blocks the caller: use it in a thread.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parts: list[Part] = []
        self._beside: Path | None = None
        self._file: IO[bytes] | None = None

    def begin(self) -> None:
        """Begin; raises `SyncRefused` when something other than a bundle stands there, and OSError."""
        if self.path.exists() and not is_bundle(self.path):
            raise SyncRefused(f"{self.path} exists and is no bundle: it is not replaced. Choose another name.")
        descriptor, beside = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        self._beside = Path(beside)
        self._file = os.fdopen(descriptor, "wb")
        self._file.write(_FRONT.pack(_MARK, FORMAT))

    @property
    def _out(self) -> IO[bytes]:
        if self._file is None:
            raise ValueError("the bundle is not open for writing")
        return self._file

    def add(self, block: Block) -> int:
        """Write one block; returns its bytes."""
        if self._file is None:
            self.begin()
        plain = encode_rows(block.rows)
        body = compress(plain, _LEVEL)
        self._out.write(body)
        digest = blake2b(body, digest_size=32).hexdigest()
        self.parts.append(Part(block.kind, block.file, len(block.rows), len(body), len(plain), digest))
        return len(body)

    def finish(self, offer: Offer, program: str, made_at: float, installation: Installation) -> Manifest:
        """Sign what was written and give the file its name."""
        manifest = Manifest(FORMAT, program, made_at, offer, tuple(self.parts))
        text = msgspec.json.encode(manifest)
        if self._file is None:
            self.begin()
        out = self._out
        begins = out.tell()
        out.write(text)
        out.write(_END.pack(sign(installation, text), begins, len(text), _END_MARK))
        out.flush()
        os.fsync(out.fileno())
        out.close()
        if self._beside is not None:
            self._beside.replace(self.path)
        return manifest

    def close(self) -> None:
        """Close, and remove what was not finished."""
        if self._file is not None:
            self._file.close()
        if self._beside is not None:
            self._beside.unlink(missing_ok=True)


def is_bundle(path: Path) -> bool:
    """Whether a file begins as a bundle does."""
    with path.open("rb") as file:
        return file.read(len(_MARK)) == _MARK


class Bundle:
    """A bundle to be read: its manifest is proved by its signature, each block by its hash as it is read.

    Blocks the caller: use it in a thread.
    """

    def __init__(self, path: Path) -> None:
        """Open and prove the manifest.

        Raises:
            BundleDamaged: No bundle, cut off, or changed.
            SyncRefused: Of a newer format.
            OSError: It cannot be read.
        """
        self.path = path
        self._file = path.open("rb")
        try:
            self.manifest = self._prove()
        except BaseException:
            self._file.close()
            raise
        self._starts: list[int] = []
        at = _FRONT.size
        for part in self.manifest.parts:
            self._starts.append(at)
            at += part.size

    def _prove(self) -> Manifest:
        size = os.fstat(self._file.fileno()).st_size
        front = self._file.read(_FRONT.size)
        if len(front) < _FRONT.size or front[: len(_MARK)] != _MARK:
            raise BundleDamaged(f"{self.path} is no TerraHash bundle. Nothing was changed.")
        if front[-1] > FORMAT:
            raise SyncRefused(
                f"{self.path} has bundle format {front[-1]}; this program knows formats up to {FORMAT}. A newer "
                "TerraHash Console wrote it: install that version or newer. Nothing was changed."
            )
        signature, text = self._manifest(size)
        manifest = _decode(self.path, text)
        check_signature(bytes.fromhex(manifest.offer.exporter.public_key), text, signature)
        if manifest.format != front[-1] or _FRONT.size + sum(part.size for part in manifest.parts) != self._begins:
            raise self._damaged("its blocks are not those that its manifest lists")
        manifest.offer.check()
        return manifest

    def _manifest(self, size: int) -> tuple[bytes, bytes]:
        if size < _FRONT.size + _END.size:
            raise self._damaged("it is cut off")
        self._file.seek(size - _END.size)
        signature, self._begins, length, mark = _END.unpack(self._file.read(_END.size))
        if mark != _END_MARK:
            raise self._damaged("its end is missing: it was cut off, or not copied whole")
        if length > _MOST_MANIFEST or self._begins + length + _END.size != size:
            raise self._damaged("its sizes do not fit together")
        self._file.seek(self._begins)
        return signature, self._file.read(length)

    def _damaged(self, why: str) -> BundleDamaged:
        return BundleDamaged(
            f"{self.path} is damaged: {why}. Nothing was changed here; have it exported and sent again."
        )

    def prove(self, number: int) -> bytes:
        """The bytes of one block, as they were exported; raises `BundleDamaged`."""
        part = self.manifest.parts[number]
        self._file.seek(self._starts[number])
        body = self._file.read(part.size)
        if blake2b(body, digest_size=32).hexdigest() != part.hash:
            raise self._damaged(f"block {number + 1} of {len(self.manifest.parts)} was changed after it was exported")
        return body

    def block(self, number: int) -> Block:
        """Read one block and prove it; raises `BundleDamaged`."""
        part, body = self.manifest.parts[number], self.prove(number)
        try:
            rows: list[Row] = decode_rows(part.kind, decompress(body, part.plain))
        except (ValueError, CorruptBlob, msgspec.DecodeError, zstandard.ZstdError) as error:
            raise self._damaged(f"block {number + 1} does not hold what it should ({error})") from error
        if len(rows) != part.rows:
            raise self._damaged(f"block {number + 1} holds {len(rows)} rows where its manifest says {part.rows}")
        return Block(part.kind, part.file, rows)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _decode(path: Path, text: bytes) -> Manifest:
    try:
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, ValueError) as error:
        raise BundleDamaged(
            f"{path} is damaged: its manifest cannot be read ({error}). Nothing was changed here; have it exported and "
            "sent again."
        ) from error
