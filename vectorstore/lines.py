"""The lines of a text file, plain or gzip, as bytes, with bounded memory whatever the file holds."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from vectorstore.errors import InputError

MAX_LINE_BYTES = 2**20
TOO_LONG = b""
_CHUNK_BYTES = 2**18
_GZIP = b"\x1f\x8b"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(slots=True)
class Consumed:
    """How far a reader has come in its file, in bytes on disk."""

    size: int = 0


def read_lines(path: Path, consumed: Consumed) -> Iterator[bytes]:
    """Every line with its end (LF, CRLF or CR); TOO_LONG stands for a line over 1 MiB, whose content is dropped.

    gzip is known by its first bytes, whatever the name. A UTF-8 mark at the beginning is taken away. Raises InputError
    where the file can't be opened, is UTF-16, or its gzip stream breaks off.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            stream = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw
            start = stream.read(3)
            if start.startswith(_UTF16_MARKS):
                raise InputError(f"{path}: the file is UTF-16; save it as UTF-8")
            start = b"" if start == _UTF8_MARK else start
            carry = b""
            skipping = False
            while chunk := start + stream.read(_CHUNK_BYTES):
                start = b""
                consumed.size = raw.tell()
                lines = (carry + chunk).splitlines(keepends=True)
                carry = lines.pop()
                for line in lines:
                    if skipping:
                        skipping = False
                    else:
                        yield line if len(line) <= MAX_LINE_BYTES else TOO_LONG
                if len(carry) > MAX_LINE_BYTES or (skipping and carry):
                    if not skipping:
                        yield TOO_LONG
                    skipping = True
                    # The last byte stays: a CR may have its LF in the next chunk.
                    carry = carry[-1:]
            if carry and not skipping:
                yield carry
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InputError(f"{path}: the gzip stream breaks off; what came before was read; copy it again") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
