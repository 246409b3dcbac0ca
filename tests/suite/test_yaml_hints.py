"""What YAML alone refuses is told with what is mostly meant by it."""

from __future__ import annotations

import pytest

from harness.errors import DataError
from harness.located import loads


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a:\n\t- b", "indent with blanks"),
        ("a: b: c", "a text with a colon and a blank in it wants quotes"),
        ("a:\n  - b\n - c", "indented like its neighbours"),
        ("a: [b, c\nd: e", "each quote and bracket closed"),
        ("a: 'b", "each quote and bracket closed"),
        ("a: b\nc\nd: e", "a key wants a colon"),
        ("a: @b", "wants quotes"),
        ('a: "\\q"', "in single quotes a backslash is a backslash"),
    ],
)
def test_a_broken_document(text: str, hint: str) -> None:
    with pytest.raises(DataError) as raised:
        loads(text)
    assert raised.value.code == "data.yaml"
    assert raised.value.place is not None
    assert raised.value.place.line
    assert hint in raised.value.hint, raised.value


@pytest.mark.parametrize(("word", "more"), [("no", True), ("0123", False), ("1.50", False)])
def test_a_value_that_only_looks_like_text(word: str, more: bool) -> None:
    with pytest.raises(DataError) as raised:
        loads(f"a: {word}").mapping()["a"].text()
    assert f'in quotes it is text: "{word}"' in raised.value.hint
    assert ("on and off" in raised.value.hint) is more
    assert loads(f'a: "{word}"').mapping()["a"].text() == word
