"""Hypothesis strategies for events, with the texts of hostile devices."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.run.events import (
    CaseEnd,
    CaseStart,
    Check,
    DeviceLog,
    Direction,
    Event,
    Expectation,
    Footer,
    Frame,
    Header,
    Note,
    Row,
    RunError,
    StepStart,
    Unexpected,
    Verdict,
)

# octets that are no UTF-8 come as lone low surrogates (surrogateescape), never as high ones
texts = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(
            "\x00\x07\x1b\x7f\x85\r\n\t<>&\"'[]\u202e\u200d\ufeff\ufffe\uffff\udc80\udcff"
        ),
    ),
    max_size=30,
)
hostile = st.one_of(
    texts,
    st.sampled_from(["]]>", "<![CDATA[", "[bold red]", "\x1b[2J", "</failure>", "{{ 7 * 7 }}", ""]),
)
moments = st.floats(min_value=0.0, max_value=1e9)
naturals = st.integers(0, (1 << 63) - 1)
lines = st.integers(0, 100_000)
listed = st.lists(hostile, max_size=3).map(tuple)
numbers = st.lists(naturals, max_size=4).map(tuple)
endpoints = st.tuples(st.ip_addresses().map(str), st.integers(0, 0xFFFF))
verdicts = st.sampled_from(Verdict)
rows = st.dictionaries(hostile, st.builds(Row, hostile, hostile, hostile), max_size=3)

headers = st.builds(
    Header,
    harness=hostile,
    device=hostile,
    title=hostile,
    role=st.sampled_from(["lac", "lns"]),
    specification=hostile,
    started=st.just("2026-03-01T12:00:00+01:00"),
    selection=listed,
    cases=naturals,
    command=hostile,
    seed=st.integers(-(1 << 63) + 1, (1 << 63) - 1),
    rows=rows,
    capture=st.none() | hostile,
    virtual_time=st.booleans(),
)
case_starts = st.builds(
    CaseStart, hostile, hostile, hostile, hostile, hostile, lines, listed, moments
)
frames = st.builds(
    Frame,
    hostile,
    naturals,
    moments,
    st.sampled_from(Direction),
    endpoints,
    endpoints,
    st.binary(max_size=80),
    hostile,
    st.none() | lines,
)
steps = st.builds(StepStart, hostile, lines, moments, hostile, hostile, lines)
checks = st.builds(
    Check,
    hostile,
    st.none() | lines,
    moments,
    hostile,
    listed,
    hostile,
    verdicts,
    hostile,
    hostile,
    numbers,
    st.none() | hostile,
    hostile,
    naturals,
)
notes = st.builds(Note, hostile, moments, hostile, st.none() | hostile)
logs = st.builds(DeviceLog, hostile, moments, hostile, hostile, numbers)
case_ends = st.builds(
    CaseEnd, hostile, moments, verdicts, st.sampled_from(Expectation), hostile, moments, naturals
)
footers = st.builds(
    Footer,
    verdicts=st.dictionaries(verdicts.map(str), naturals),
    unexpected=st.lists(st.builds(Unexpected, hostile, verdicts, hostile), max_size=3).map(tuple),
    stale=listed,
    wall_s=moments,
    longest_s=moments,
    longest_case=st.none() | hostile,
    sum_s=moments,
    interrupted=st.booleans(),
    error=st.none() | st.builds(RunError, hostile, hostile, hostile, st.integers(1, 255)),
)
middles: st.SearchStrategy[Event] = st.one_of(
    case_starts, frames, steps, checks, notes, logs, case_ends
)
events: st.SearchStrategy[Event] = st.one_of(headers, middles, footers)


@st.composite
def runs(draw: st.DrawFn) -> list[Event]:
    """A stream in which a few hostile cases mingle, its events in any order."""
    names = draw(st.lists(hostile, min_size=1, max_size=3))
    middle = draw(st.lists(middles, max_size=12))
    cases = st.sampled_from(names)
    renamed: list[Event] = []
    for event in middle:
        if not isinstance(event, (Header, Footer)):
            values = {name: getattr(event, name) for name in event.__slots__}
            renamed.append(type(event)(**(values | {"case": draw(cases)})))
    return [draw(headers), *renamed, draw(footers)]
