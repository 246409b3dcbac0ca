"""Values to octets and back for every AVP, and octets nobody expected."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.spec import AvpSpec, Specification, ValueRule, load_specification
from harness.wire.fields import FieldKind, Value

SPEC = load_specification(Path(__file__).parents[2] / "suites" / "spec" / "rfc2661")
NAMES = sorted(SPEC.avps)

avps = st.sampled_from(NAMES).map(SPEC.avps.__getitem__)
messages = st.sampled_from(sorted(SPEC.messages))


def plain_values(avp: AvpSpec) -> st.SearchStrategy[object]:
    """Values that fit the layout of an AVP, whatever its rules say."""
    parts: dict[str, st.SearchStrategy[object]] = {}
    optional: list[str] = []
    for field in avp.fields:
        if field.constant is not None:
            continue
        if field.kind is FieldKind.UINT:
            assert field.octets is not None
            parts[field.name] = st.integers(0, (1 << 8 * field.octets) - 1)
        elif field.kind is FieldKind.OCTETS:
            size = field.octets
            parts[field.name] = st.binary(min_size=size or 0, max_size=size or 64)
        else:
            # without "x", as a text that looks like 0x00 would be taken for octets
            parts[field.name] = st.text('a-0 \0"\u00e9\u6f22\U0001f600', min_size=1, max_size=20)
        if field.optional:
            optional.append(field.name)
    if not parts:
        return st.none()
    if len(parts) == 1:
        return next(iter(parts.values()))
    # optional fields may be absent from some place on, not in between
    required = [name for name in parts if name not in optional]
    return st.integers(0, len(optional)).flatmap(
        lambda kept: st.fixed_dictionaries(
            {name: parts[name] for name in [*required, *optional[:kept]]}
        )
    )


pairs = avps.flatmap(lambda avp: st.tuples(st.just(avp), plain_values(avp)))


@pytest.mark.parametrize("name", NAMES)
def test_example_of_every_avp_goes_there_and_back(name: str) -> None:
    avp = SPEC.avps[name]
    octets = avp.encode(avp.example)
    assert avp.min_length <= len(octets) <= avp.max_length
    for message in avp.messages:
        assert avp.check(message, octets) == []
    value = avp.decode(octets)
    assert avp.encode(value) == octets
    if not (isinstance(avp.example, str) and avp.example.startswith("0x")):
        assert value == avp.example


@given(pairs)
def test_what_is_encoded_is_decoded(pair: tuple[AvpSpec, Value]) -> None:
    avp, value = pair
    octets = avp.encode(value)
    assert avp.decode(octets) == value
    assert len(octets) >= sum(field.octets or 0 for field in avp.fields if not field.optional)


@given(avps, messages, st.binary(max_size=64))
def test_any_octets_are_judged_without_an_exception(
    avp: AvpSpec, message: str, octets: bytes
) -> None:
    findings = avp.findings(message, octets)
    assert avp.check(message, octets) == [finding.text for finding in findings]
    if any(finding.aspect == "length" for finding in findings):
        assert len(findings) == 1
    else:
        assert avp.min_length <= len(octets) <= avp.max_length
        avp.decode(octets)


@given(avps, messages, st.binary(max_size=64))
def test_a_wrong_length_is_seen(avp: AvpSpec, message: str, octets: bytes) -> None:
    if len(octets) < avp.min_length or len(octets) > avp.max_length:
        (finding,) = avp.findings(message, octets)
        assert finding.aspect == "length"
        assert str(len(octets)) in finding.text
        assert avp.name in finding.text


@given(avps, st.integers(0, 1017))
def test_raw_octets_are_taken_as_they_are(avp: AvpSpec, size: int) -> None:
    octets = bytes(size)
    assert avp.encode(octets) == octets
    assert avp.encode("0x" + octets.hex()) == octets


def test_lengths_at_the_edge() -> None:
    host_name = SPEC.avps["host_name"]
    assert host_name.check("SCCRQ", b"")
    assert host_name.check("SCCRQ", b"x") == []
    assert host_name.check("SCCRQ", b"x" * 1017) == []
    assert host_name.check("SCCRQ", b"x" * 1018)
    errors = SPEC.avps["call_errors"]
    assert errors.findings("WEN", bytes(25))[0].aspect == "length"
    assert errors.findings("WEN", bytes(26)) == ()
    assert errors.findings("WEN", b"\x00\x01" + bytes(24))[0].aspect == "value"


def test_several_values_may_be_wrong_at_once() -> None:
    texts = SPEC.avps["protocol_version"].check("SCCRQ", b"\x02\x01")
    assert texts == ["version is 2, expected 1", "revision is 1, expected 0"]


def test_values_that_do_not_fit_say_why() -> None:
    with pytest.raises(ValueError, match=r"0\.\.65535"):
        SPEC.avps["assigned_tunnel_id"].encode(65536)
    with pytest.raises(ValueError, match="0x"):
        SPEC.avps["challenge_response"].encode("sixteen octets?!")
    with pytest.raises(ValueError, match="unknown field 'revison'"):
        SPEC.avps["protocol_version"].encode({"version": 1, "revison": 0})
    with pytest.raises(ValueError, match="error"):
        SPEC.avps["result_code"].encode({"result": 2, "message": "no error code before it"})


@given(
    st.builds(
        ValueRule,
        field=st.just("x"),
        minimum=st.none() | st.integers(0, 9),
        one_of=st.lists(st.integers(0, 9), max_size=3).map(tuple),
        forbidden=st.lists(st.integers(0, 9), max_size=3).map(tuple),
    ),
    st.integers(0, 12),
)
def test_a_rule_finds_what_it_says(rule: ValueRule, number: int) -> None:
    wrong = (
        (rule.minimum is not None and number < rule.minimum)
        or (rule.one_of and number not in rule.one_of)
        or number in rule.forbidden
    )
    assert bool(rule.problem(number)) == bool(wrong)


@given(st.integers(0, 0xFFFFFFFF))
def test_a_mask_allows_its_bits_only(number: int) -> None:
    (rule,) = SPEC.avps["bearer_type"].values
    assert rule.mask == 3
    assert (rule.problem(number) is None) == (number <= 3)


def test_a_rule_may_speak_of_some_messages_only(spec: Specification) -> None:
    (rule,) = spec.avps["assigned_session_id"].values
    concerned = {name for name in spec.messages if rule.concerns(name)}
    assert concerned == {"ICRQ", "ICRP", "OCRQ", "OCRP"}
    assert isinstance(rule.bits, Mapping)
