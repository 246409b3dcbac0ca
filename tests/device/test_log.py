"""The log of a device: its last lines, whatever it writes."""

from __future__ import annotations

import asyncio
import os
import re

from harness.device.log import DeviceLog, printable
from tests.device.bench import run


async def logged(*pieces: bytes, lines: int = 5) -> tuple[str, ...]:
    reader, writer = os.pipe()
    log = DeviceLog(reader, lines=lines)
    for piece in pieces:
        os.write(writer, piece)
        log.drain()
    os.close(writer)
    log.drain()
    log.close()
    return log.lines()


def test_last_lines_are_kept() -> None:
    text = b"".join(b"line %d\n" % number for number in range(2000))
    kept = tuple(f"line {number}" for number in range(1995, 2000))
    assert run(logged(text)) == kept
    assert run(logged(*(b"line %d\n" % number for number in range(2000)))) == kept


def test_lines_are_put_together_from_pieces() -> None:
    assert run(logged(b"one\ntw", b"o\nth", b"ree")) == ("one", "two", "three")
    assert run(logged(b"\n\na\n")) == ("", "", "a")


def test_endless_line_is_cut() -> None:
    (line,) = run(logged(*[b"x" * 60000] * 20))
    assert len(line) == 1000
    assert run(logged(b"y" * 5000 + b"\nnext\n"))[1] == "next"


def test_control_characters_and_broken_text_are_shown() -> None:
    assert run(logged(b"\x1b[2Jred\x07\xff\tz\r\n")) == ("\\x1b[2Jred\\x07\\xff    z",)
    assert printable("ä€😀\u202e".encode()) == "ä€😀\\u202e"
    assert printable("\ud800".encode("utf-8", "surrogatepass")).isprintable()


def test_match_is_found_across_pieces_and_in_the_past() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        log = DeviceLog(reader)
        found = log.await_match(re.compile(r"^Listening on", re.MULTILINE))
        os.write(writer, b"hello\nListe")
        log.drain()
        assert not found.done()
        os.write(writer, b"ning on 1701")
        await found
        assert log.await_match(re.compile("hello")).done()
        os.write(writer, b"x" * 100)
        os.close(writer)
        while not log.lines()[-1].endswith("x"):
            await asyncio.sleep(0)
        log.close()
        log.close()

    run(main())


def test_match_in_a_flood_is_not_missed() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        log = DeviceLog(reader, lines=3)
        found = log.await_match(re.compile("needle"))
        os.write(writer, b"needle\n" + b"hay\n" * 1000)
        await found
        assert log.lines() == ("hay",) * 3
        os.close(writer)
        log.close()

    run(main())
