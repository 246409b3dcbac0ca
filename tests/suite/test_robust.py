"""Whatever a suite file holds, reading it ends in cases or in located errors, never in a crash."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.suite.lint import lint
from harness.suite.model import Suite
from tests.suite.reading import ROOT, blocks, errors_of, in_case, plain, suite_of, table

PAGE = (ROOT / "suites" / "README.md").read_text(encoding="utf-8")
EXAMPLES = [
    *blocks(PAGE, "suite"),
    *(in_case(text + "- alive:\n") for text in blocks(PAGE, "steps")),
    (ROOT / "tests" / "suite" / "data" / "sample.yaml").read_text(encoding="utf-8"),
]
WORDS = ["${n}", "${index}", "${", "0x", "0x123", "SCCRQ", "host_name", "silence", "present", ""]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.binary(max_size=4),
    st.sampled_from(WORDS),
    st.text(max_size=8),
)
junk = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=5)), inner, max_size=3),
    ),
    max_leaves=6,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the values below a value stand."""
    found = [path] if path else []
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, part in items:
        found += paths(part, (*path, key))
    return found


def put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


def read(text: str) -> Suite | None:
    errors = errors_of(text)
    for error in errors:
        assert error.place is not None
        assert error.place.file == "sample.yaml"
        assert str(error)
    return None if errors else suite_of(text)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_suite_with_something_odd_in_it(data: st.DataObject) -> None:
    root = plain(data.draw(st.sampled_from(EXAMPLES)))
    for _ in range(data.draw(st.integers(1, 2))):
        put(root, data.draw(st.sampled_from(paths(root))), data.draw(junk))
    suite = read(yaml.safe_dump(root, allow_unicode=True))
    if suite is not None:
        lint([suite], table())


@settings(deadline=None)
@given(junk)
def test_something_odd_is_no_suite(value: Any) -> None:
    assert read(yaml.safe_dump(value, allow_unicode=True)) is None


@pytest.mark.parametrize("text", EXAMPLES)
def test_a_suite_cut_short_anywhere(text: str) -> None:
    for end in range(0, len(text), 7):
        read(text[:end])
