"""The tables say the same where they speak of the same, and their examples are valid."""

from __future__ import annotations

import pytest

from harness.spec import AvpSpec, MessageSpec, Specification
from harness.spec.model import ALL_MESSAGES
from harness.wire import build, message, parse
from harness.wire.packet import AVP


def test_messages_of_an_avp_are_those_that_list_it(spec: Specification) -> None:
    for avp in spec.avps.values():
        listing = {
            name
            for name, each in spec.messages.items()
            if avp.name in each.mandatory or avp.name in each.optional
        }
        if avp.name == "message_type":
            assert listing == set(spec.messages)
        elif avp.messages == (ALL_MESSAGES,):
            assert avp.name == "random_vector"
            assert not listing
        else:
            assert listing == set(avp.messages)


def test_sections_of_avps_and_messages_exist(spec: Specification) -> None:
    assert all(avp.section in spec.sections for avp in spec.avps.values())
    assert all(each.section in spec.sections for each in spec.messages.values())
    for each in spec.messages.values():
        assert each.title in spec.sections[each.section]


def test_avp_titles_differ(spec: Specification) -> None:
    titles = [avp.title for avp in spec.avps.values()]
    assert len(set(titles)) == len(titles)


def _example(spec: Specification, each: MessageSpec) -> list[AVP]:
    return [_avp(spec.avps[name], each.example[name]) for name in each.mandatory[1:]]


def _avp(avp: AvpSpec, value: object) -> AVP:
    return AVP(avp.type, avp.encode(value), mandatory=avp.mandatory)  # type: ignore[arg-type]


def test_examples_make_minimal_valid_messages(spec: Specification) -> None:
    for each in spec.messages.values():
        assert set(each.example) == set(each.mandatory[1:])
        data = build(message(each.type, *_example(spec, each), tunnel_id=1, session_id=1))
        parsed = parse(data)
        assert parsed.packet is not None
        assert not parsed.defects
        assert parsed.packet.message_type == each.type
        for name, avp in zip(each.mandatory, parsed.packet.avps, strict=True):
            assert spec.avps[name].check(each.name, avp.value) == []


def test_every_message_is_the_right_size_with_every_optional_avp(spec: Specification) -> None:
    for each in spec.messages.values():
        extra = [_avp(spec.avps[name], spec.avps[name].example) for name in each.optional]
        parsed = parse(build(message(each.type, *_example(spec, each), *extra)))
        assert parsed.packet is not None
        assert len(parsed.packet.avps) == len(each.mandatory) + len(each.optional)
        assert not parsed.defects


def test_what_is_not_known_is_none(spec: Specification) -> None:
    assert spec.message("sccrq") is None
    assert spec.avp("no_such_avp") is None
    assert spec.avp(1, vendor=3561) is None


def test_row_ids_by_table_entry(spec: Specification) -> None:
    assert spec.avp_row("host_name", "M") == "RFC2661-4.4.3-host_name-M"
    assert spec.message_row("SCCRQ", "host_name") == "RFC2661-6.1-SCCRQ-host_name"
    assert spec.message_row("ICRQ", "sender") == "RFC2661-6.6-ICRQ-sender"
    assert spec.result_row("CDN", 4) == "RFC2661-4.4.2-CDN-4"
    assert spec.result_row("error", 8) == "RFC2661-4.4.2-error-8"
    with pytest.raises(KeyError):
        spec.message_row("SCCRQ", "sender")
    with pytest.raises(KeyError):
        spec.avp_row("random_vector", "messages")


def test_tables_cannot_be_changed(spec: Specification) -> None:
    with pytest.raises(TypeError):
        spec.messages["X"] = spec.messages["SCCRQ"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        spec.messages["SCCRQ"].type = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        spec.messages["SCCRQ"].example["host_name"] = "x"  # type: ignore[index]
