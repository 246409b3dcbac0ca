"""Opening a capture: which format it has, and whether it is compressed."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final, cast

from harness.capture import pcap, pcapng
from harness.capture.pcap import PcapReader
from harness.capture.pcapng import PcapngReader
from harness.capture.reading import CutShortError, Stream
from harness.errors import DataError, Place

_GZIP: Final = b"\x1f\x8b"
_BUFFER: Final = 1 << 18

Reader = PcapReader | PcapngReader


@contextmanager
def open_capture(path: Path) -> Iterator[Reader]:
    """A reader for a capture file.

    DataError `capture.unreadable` when it cannot be opened, `capture.format` when it is neither
    pcap nor pcapng, also after decompression; `capture.empty` when nothing is in it.
    """
    try:
        with path.open("rb", buffering=_BUFFER) as file:
            # peeked at, so that it may be a pipe
            if cast(BufferedReader, file).peek(2)[:2] == _GZIP:
                with gzip.GzipFile(fileobj=file) as plain:
                    yield _reader(cast(BinaryIO, plain), path)
            else:
                yield _reader(file, path)
    except OSError as error:
        raise DataError("capture.unreadable", f"{path}: {error.strerror or error}") from error


def _reader(file: BinaryIO, path: Path) -> Reader:
    stream = Stream(file, str(path))
    try:
        magic = stream.maybe(4)
    except CutShortError:
        magic = b""
    if magic in pcap.MAGICS:
        return PcapReader(stream, magic)
    if magic == pcapng.MAGIC:
        return PcapngReader(stream)
    if not magic:
        raise DataError("capture.empty", "the file is empty", place=Place(str(path)))
    raise DataError(
        "capture.format",
        f"neither pcap nor pcapng: it begins with {magic.hex(' ')}",
        hint="tcpdump -w, dumpcap and Wireshark write what is read here, compressed by gzip or not",
        place=Place(str(path)),
    )
