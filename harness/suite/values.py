"""Values as a suite gives them: numbers, text, octets and the fields of composite AVPs.

Octets are written as hexadecimal text, `0x0102`. Quoted or not, they keep their width wherever
octets are meant; where a number is meant an unquoted `0x…` is a number and a quoted one octets.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import DataError
from harness.located import Node, describe
from harness.spec.model import AvpSpec
from harness.suite.edits import Given
from harness.suite.reader import Reader, key_node, unknown
from harness.suite.variables import has_placeholder, hexadecimal
from harness.wire.fields import Field, FieldKind, encode_value

FieldGiven = int | str | bytes


def visible_fields(avp: AvpSpec) -> tuple[Field, ...]:
    """The fields that a value shows: all but the reserved ones."""
    return tuple(field for field in avp.fields if field.constant is None)


def read_avp_value(reader: Reader, node: Node, avp: AvpSpec) -> Given:
    """The value of a known AVP, checked against its layout unless it waits for a variable."""
    fields = visible_fields(avp)
    if node.is_mapping:
        if len(fields) < 2:
            raise node.fail("suite.value-shape", f"{avp.name} has one value, not a mapping")
        before = len(reader.errors)
        value: Given = _mapping(reader, node, avp, fields)
        if len(reader.errors) > before:
            return value
    elif node.is_null:
        value = None
    elif len(fields) == 1:
        value = read_field(node, fields[0])
    else:
        value = _raw(node, avp, fields)
    if not has_placeholder(value):
        _check(node, avp, value)
    return value


def read_unknown_value(node: Node) -> Given:
    """The value of an AVP without a definition: octets, or text to be sent as UTF-8."""
    if node.is_null:
        return None
    octets = octets_of(node)
    if octets is not None:
        return octets
    if isinstance(node.content, str):
        return node.content if has_placeholder(node.content) else utf8(node)
    raise node.fail(
        "suite.value-width",
        f"{describe(node.content)}: how many octets this is cannot be told",
        hint="write the octets, such as 0x0007, or a text",
    )


def read_octets(node: Node) -> bytes:
    """Octets, or a text that stands for its UTF-8 octets; no variables."""
    octets = octets_of(node)
    if octets is not None:
        return octets
    if has_placeholder(node.content):
        raise later(node)
    if isinstance(node.content, str):
        return utf8(node)
    raise node.fail(
        "suite.value-width",
        f"expected octets, found {describe(node.content)}",
        hint="write them as 0x…, two digits for each octet",
    )


def read_raw(node: Node) -> str | bytes:
    """A whole datagram: octets, which may wait for variables."""
    octets = octets_of(node)
    if octets is not None:
        return octets
    if isinstance(node.content, str) and node.content[:2] == "0x":
        return node.content
    raise node.fail(
        "suite.value-width",
        f"expected the octets of a datagram, found {describe(node.content)}",
        hint="write them as 0x…, two digits for each octet",
    )


def read_field(node: Node, field: Field) -> FieldGiven:
    """The value of one field of an AVP. Its size is checked by `check_field`."""
    content = node.content
    if isinstance(content, str) and has_placeholder(content):
        return content
    if field.kind is FieldKind.UINT:
        octets = octets_of(node) if isinstance(content, str) else None
        if octets is not None:
            return octets
        number = node.integer()
        if field.octets is not None and _digits(node) > 2 * field.octets:
            raise node.fail(
                "suite.value-width",
                f"{node.source} has more digits than the {field.octets} octets of {field.name}",
                hint=f'quote it, "{node.source}", to send these octets as they are',
            )
        return number
    octets = octets_of(node)
    if octets is not None:
        return octets
    if isinstance(content, str):
        return content if field.kind is FieldKind.TEXT else utf8(node)
    if field.kind is FieldKind.TEXT and isinstance(content, int) and not isinstance(content, bool):
        # the digits of a telephone number are no number
        return node.source
    raise node.fail(
        "suite.value-shape",
        f"{field.name} is {'text' if field.kind is FieldKind.TEXT else 'octets'}, "
        f"found {describe(content)}",
        hint="write octets as 0x…, two digits for each octet",
    )


def check_field(node: Node, field: Field, value: FieldGiven) -> None:
    """Raise DataError if a field cannot hold the value."""
    if has_placeholder(value) or (isinstance(value, bytes) and field.kind is FieldKind.UINT):
        return
    try:
        encode_value((field,), value)
    except ValueError as error:
        raise node.fail("suite.value", str(error)) from None


def plain_text(node: Node) -> str:
    """A text for people, or a name; a number or a truth value is taken as it is written."""
    if isinstance(node.content, str) or node.is_null or node.is_mapping or node.is_sequence:
        return node.text()
    return node.source


def octets_of(node: Node) -> bytes | None:
    """The octets of `0x…`, quoted or not; None for anything else, or if it waits for a variable.

    Raises DataError for an odd number of digits.
    """
    content = node.content
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        text = content
    elif isinstance(content, int) and not isinstance(content, bool):
        text = node.source
    else:
        return None
    if "${" in text:
        return None
    try:
        return hexadecimal(text)
    except ValueError as error:
        raise node.fail("suite.octets", str(error)) from None


def utf8(node: Node) -> bytes:
    """A text's octets."""
    try:
        return node.text().encode("utf-8")
    except UnicodeEncodeError:
        raise node.fail("suite.octets", "this text is not Unicode") from None


def later(node: Node) -> DataError:
    """The error about a variable where the value is needed before the case runs."""
    return node.fail(
        "suite.too-late",
        f"{node.content!r}: a value saved by a step cannot stand here",
        hint="it has to be known when the suite is loaded; an axis is",
    )


def _mapping(
    reader: Reader, node: Node, avp: AvpSpec, fields: Sequence[Field]
) -> dict[str, FieldGiven]:
    by_name = {field.name: field for field in fields}
    value: dict[str, FieldGiven] = {}
    for name, part in node.mapping().items():
        with reader.caught():
            if name not in by_name:
                raise unknown(key_node(node, name), by_name, "field", avp.name)
            given = read_field(part, by_name[name])
            check_field(part, by_name[name], given)
            value[name] = given
    return value


def _raw(node: Node, avp: AvpSpec, fields: Sequence[Field]) -> Given:
    """A composite value, or one of an AVP without any, given as octets or as one variable."""
    octets = octets_of(node)
    if octets is not None:
        return octets
    if isinstance(node.content, str) and has_placeholder(node.content):
        return node.content
    names = ", ".join(field.name for field in fields)
    hint = f"write {{{names}}}, or octets as 0x…" if names else "write nothing, or octets as 0x…"
    raise node.fail(
        "suite.value-shape", f"{describe(node.content)} is no value of {avp.name}", hint=hint
    )


def _check(node: Node, avp: AvpSpec, value: Given) -> None:
    try:
        avp.encode(value)
    except ValueError as error:
        raise node.fail("suite.value", f"{avp.name}: {error}") from None


def _digits(node: Node) -> int:
    """How many hexadecimal digits a number is written with; 0 if it is decimal."""
    text = node.source.lower()
    return len(text[2:].replace("_", "")) if text.startswith("0x") else 0
