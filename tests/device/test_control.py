"""A line for the control FIFO arrives, or there is an error; it never blocks."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest

from harness.device.machine.control import write_control
from harness.errors import DeviceError
from tests.device.bench import run


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "control"
    os.mkfifo(path)
    return path


def error_of(path: Path, line: str = "x", within: float = 0.01) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        run(write_control(path, line, within))
    assert caught.value.code == "device.control"
    return caught.value


def test_line_is_read(fifo: Path) -> None:
    async def main() -> bytes:
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        writing = asyncio.ensure_future(write_control(fifo, "c iut", 5))
        arrived = asyncio.Event()
        asyncio.get_running_loop().add_reader(reader, arrived.set)
        await arrived.wait()
        assert not writing.done()
        asyncio.get_running_loop().remove_reader(reader)
        line = os.read(reader, 100)
        await writing
        os.close(reader)
        return line

    assert run(main()) == b"c iut\n"


def test_reader_that_comes_later(fifo: Path) -> None:
    async def main() -> None:
        writing = asyncio.ensure_future(write_control(fifo, "x", 5))
        await asyncio.sleep(0)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        arrived = asyncio.Event()
        asyncio.get_running_loop().add_reader(reader, arrived.set)
        await arrived.wait()
        asyncio.get_running_loop().remove_reader(reader)
        os.read(reader, 100)
        await writing
        os.close(reader)

    run(main())


def test_no_reader(fifo: Path) -> None:
    assert "does not read it" in error_of(fifo).hint


def test_reader_that_does_not_read(fifo: Path) -> None:
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    assert "did not read" in error_of(fifo).cause
    writer = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    assert "it is full" in error_of(fifo).hint
    os.close(writer)
    os.close(reader)


def test_no_fifo(tmp_path: Path) -> None:
    assert "has not made it" in error_of(tmp_path / "none").hint
    plain = tmp_path / "plain"
    plain.write_text("kept")
    assert "is not a FIFO" in error_of(plain).cause
    assert plain.read_text() == "kept"
    link = tmp_path / "link"
    link.symlink_to(plain)
    error_of(link)


def test_long_line(fifo: Path) -> None:
    assert "too long" in error_of(fifo, "x" * 5000).cause
