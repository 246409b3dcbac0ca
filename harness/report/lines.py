"""Lines for a terminal or a log: pieces of text with a style that a log leaves out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, TextIO

from harness.run.events import Verdict

if TYPE_CHECKING:
    from rich.console import Console

Line = tuple[tuple[str, str], ...]
"""Pieces of (text, style). Styles are those of rich; the texts are already safe to print."""

STYLES: Final = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.WARN: "yellow",
    Verdict.INCONC: "magenta",
    Verdict.ERROR: "bold red",
    Verdict.NONE: "bold red",
    Verdict.SKIP: "dim",
    Verdict.XFAIL: "dim yellow",
    Verdict.XPASS: "bold magenta",
}


def line(*pieces: str | tuple[str, str]) -> Line:
    """A line of plain texts and styled pieces."""
    return tuple((piece, "") if isinstance(piece, str) else piece for piece in pieces)


def verdict_piece(verdict: Verdict, text: str | None = None) -> tuple[str, str]:
    """A verdict in its colour."""
    return (text or verdict.value.upper(), STYLES[verdict])


def plain(pieces: Line) -> str:
    """The text of a line without its styles."""
    return "".join(text for text, _ in pieces)


class Printer:
    """Prints lines on a stream: in colour on a terminal, plain anywhere else.

    `terminal`: None asks the stream. A character that the stream's encoding lacks is escaped.
    """

    def __init__(self, stream: TextIO, *, terminal: bool | None = None) -> None:
        self.stream = stream
        self.is_terminal = stream.isatty() if terminal is None else terminal
        self._console: Console | None = None

    @property
    def console(self) -> Console:
        """The rich console of a terminal; made when first needed."""
        if self._console is None:
            from rich.console import Console

            self._console = Console(
                file=self.stream,
                force_terminal=self.is_terminal,
                markup=False,
                highlight=False,
                emoji=False,
            )
        return self._console

    def print(self, lines: Iterable[Line]) -> None:
        """Print the lines and flush."""
        if self.is_terminal:
            from rich.text import Text

            for each in lines:
                self.console.print(Text.assemble(*each), soft_wrap=True)
        else:
            encoding = self.stream.encoding or "utf-8"
            for each in lines:
                text = plain(each).encode(encoding, "backslashreplace").decode(encoding)
                self.stream.write(text + "\n")
        self.stream.flush()
