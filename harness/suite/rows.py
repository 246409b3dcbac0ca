"""References to requirement rows: by id, or by what a row of the tables is about.

A case with axes over AVPs, messages or codes names its rows by them: `{avp: "${avp}", aspect: M}`.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.located import Node
from harness.spec.model import Aspect
from harness.suite.grammar import ROW_FORMS
from harness.suite.reader import Reader, without_repetition

_ASPECTS: Mapping[str, Aspect] = {
    "M": "M",
    "H": "H",
    "length": "length",
    "value": "value",
    "messages": "messages",
}
ERROR_CODES = "error"


def read_rows(reader: Reader, node: Node) -> tuple[str, ...]:
    """Ids of requirement rows: one reference, or a list. Errors are kept."""
    rows = []
    for item in node.items_or_one():
        with reader.caught():
            rows.append(_row(reader, item))
    return without_repetition(rows)


def _row(reader: Reader, node: Node) -> str:
    if not node.is_mapping:
        return node.choice(reader.specification.requirements, "requirement")
    form = next((keys for keys in ROW_FORMS if set(keys) == set(node.content)), None)
    if form is None:
        forms = ", ".join("{" + ", ".join(keys) + "}" for keys in ROW_FORMS)
        raise node.fail(
            "suite.row", f"a row cannot be named by {', '.join(node.content)}", hint=forms
        )
    entries = reader.entries(node, form)
    try:
        return _named(reader, entries)
    except KeyError:
        parts = ", ".join(f"{key} {one.source}" for key, one in entries.items())
        raise node.fail("suite.row", f"the specification has no row about {parts}") from None


def _named(reader: Reader, entries: Mapping[str, Node]) -> str:
    specification = reader.specification
    if "aspect" in entries:
        aspect = _ASPECTS[entries["aspect"].choice(_ASPECTS, "aspect")]
        return specification.avp_row(reader.avp(entries["avp"]).name, aspect)
    if "result" in entries:
        codes = [*specification.result_codes, ERROR_CODES]
        message = entries["result"].choice(codes, "message")
        return specification.result_row(message, entries["code"].integer(0, 0xFFFF))
    message = entries["message"].choice(specification.messages, "message")
    if "sender" in entries:
        entries["sender"].boolean()
        return specification.message_row(message, "sender")
    return specification.message_row(message, reader.avp(entries["avp"]).name)
