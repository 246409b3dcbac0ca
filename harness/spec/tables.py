"""Reading messages.yaml, results.yaml and states.yaml into the model; avps.yaml: `avp_table`.

Each reader takes the root node of its file and gives values in the file's order, or raises
`DataErrors` with every fault it found. Whether the names in one table exist in another is for
`harness.spec.load`, which has all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from harness.errors import DataError
from harness.located import Node
from harness.spec.faults import Faults
from harness.spec.model import BOTH_ROLES, MessageSpec, ResultCode, Role, StateRow

CONDITIONS = ("acceptable", "not-acceptable", "loses-tie")

_MESSAGE_KEYS = (
    "type",
    "title",
    "section",
    "senders",
    "scope",
    "mandatory",
    "optional",
    "example",
)
_RESULT_KEYS = ("text", "reserved", "error_code", "role", "excluded")
_MACHINE_KEYS = ("section", "role", "states")
_ROW_REQUIRED = ("id", "section", "machine", "states", "event", "actions", "next_state")
_ROW_KEYS = (*_ROW_REQUIRED, "messages", "condition")


class Results(NamedTuple):
    """What results.yaml holds: result codes by message and number, error codes by number."""

    result_codes: Mapping[str, Mapping[int, ResultCode]]
    error_codes: Mapping[int, ResultCode]


class States(NamedTuple):
    """What states.yaml holds: the states of each machine, and the rows."""

    machines: Mapping[str, tuple[str, ...]]
    rows: tuple[StateRow, ...]


class _Machine(NamedTuple):
    section: str
    role: frozenset[Role]
    states: tuple[str, ...]


def read_role(node: Node) -> frozenset[Role]:
    """`lac`, `lns` or `both`."""
    word = node.choice([*Role, "both"], "role")
    return BOTH_ROLES if word == "both" else frozenset({Role(word)})


def read_names(node: Node) -> tuple[str, ...]:
    """A list of names, each only once."""
    names: list[str] = []
    for item in node.sequence():
        name = item.text()
        if name in names:
            raise item.fail("data.duplicate", f"{name!r} stands twice in the list")
        names.append(name)
    return tuple(names)


def read_messages(root: Node) -> dict[str, MessageSpec]:
    """The messages by name."""
    faults = Faults()
    messages: dict[str, MessageSpec] = {}
    numbers: dict[int, str] = {}
    for name, node in root.mapping().items():
        with faults.caught():
            spec = _read_message(name, node)
            if spec.type in numbers:
                taken = numbers[spec.type]
                raise node.fail("spec.duplicate-type", f"type {spec.type} is that of {taken}")
            numbers[spec.type] = name
            messages[name] = spec
    faults.raise_any()
    return messages


def _read_message(name: str, node: Node) -> MessageSpec:
    entry = node.mapping(_MESSAGE_KEYS, required=_MESSAGE_KEYS)
    senders = frozenset(
        Role(item.choice(list(Role), "role")) for item in entry["senders"].sequence()
    )
    if not senders:
        raise entry["senders"].fail("spec.no-sender", f"nobody may send {name}")
    mandatory = read_names(entry["mandatory"])
    if mandatory[:1] != ("message_type",):
        raise entry["mandatory"].fail("spec.message-type-first", "message_type is the first AVP")
    optional = read_names(entry["optional"])
    for item in entry["optional"].sequence():
        if item.text() in mandatory:
            raise item.fail("spec.twice", f"{item.text()!r} is both mandatory and optional")
    return MessageSpec(
        type=entry["type"].integer(0, 0xFFFF),
        name=name,
        title=entry["title"].text(),
        section=entry["section"].text(),
        senders=senders,
        scope="tunnel" if entry["scope"].choice(("tunnel", "session")) == "tunnel" else "session",
        mandatory=mandatory,
        optional=optional,
        example=MappingProxyType({k: v.plain() for k, v in entry["example"].mapping().items()}),
        place=node.place,
    )


def read_results(root: Node) -> Results:
    """Result codes per message, and error codes."""
    keys = ("section", "results", "errors")
    entry = root.mapping(keys, required=keys)
    section = entry["section"].text()
    faults = Faults()
    results: dict[str, Mapping[int, ResultCode]] = {}
    for message, node in entry["results"].mapping().items():
        results[message] = _read_codes(node, message, section, faults)
    errors = _read_codes(entry["errors"], "", section, faults)
    faults.raise_any()
    return Results(MappingProxyType(results), errors)


def _read_codes(node: Node, message: str, section: str, faults: Faults) -> Mapping[int, ResultCode]:
    codes: dict[int, ResultCode] = {}
    for key, item in node.mapping().items():
        with faults.caught():
            place = node.key_places[key]
            if not (key.isascii() and key.isdigit() and int(key) <= 0xFFFF):
                raise DataError("data.range", f"{key!r} is no code in 0..65535", place=place)
            entry = item.mapping(_RESULT_KEYS, required=["text"])
            codes[int(key)] = ResultCode(
                number=int(key),
                message=message,
                text=entry["text"].text(),
                section=section,
                role=read_role(entry["role"]) if "role" in entry else BOTH_ROLES,
                reserved="reserved" in entry and entry["reserved"].boolean(),
                error_code="error_code" in entry and entry["error_code"].boolean(),
                excluded=entry["excluded"].text() if "excluded" in entry else None,
                place=place,
            )
    return MappingProxyType(codes)


def read_states(root: Node) -> States:
    """The machines with their states, and the rows of all state tables in order."""
    keys = ("machines", "rows")
    entry = root.mapping(keys, required=keys)
    faults = Faults()
    machines: dict[str, _Machine] = {}
    for name, node in entry["machines"].mapping().items():
        with faults.caught():
            fields = node.mapping(_MACHINE_KEYS, required=_MACHINE_KEYS)
            machines[name] = _Machine(
                fields["section"].text(), read_role(fields["role"]), read_names(fields["states"])
            )
    rows = []
    for node in entry["rows"].sequence():
        with faults.caught():
            rows.append(_read_row(node, machines))
    faults.raise_any()
    states = {name: machine.states for name, machine in machines.items()}
    return States(MappingProxyType(states), tuple(rows))


def _read_row(node: Node, machines: Mapping[str, _Machine]) -> StateRow:
    entry = node.mapping(_ROW_KEYS, required=_ROW_REQUIRED)
    name = entry["machine"].choice(machines, "machine")
    machine = machines[name]
    section = entry["section"].text()
    if section != machine.section:
        raise entry["section"].fail(
            "spec.section", f"the table of {name} stands in section {machine.section}"
        )
    states = tuple(item.choice(machine.states, "state") for item in entry["states"].sequence())
    if not states:
        raise entry["states"].fail("spec.no-state", "a row is about one state at least")
    event = entry["event"].text()
    messages = read_names(entry["messages"]) if "messages" in entry else ()
    if (event == "receive") != bool(messages):
        raise node.fail("spec.event", "`messages` go with the event `receive`, and only with it")
    condition = None
    if "condition" in entry:
        condition = entry["condition"].choice(CONDITIONS, "condition")
    return StateRow(
        id=entry["id"].text(),
        section=section,
        machine=name,
        role=machine.role,
        states=states,
        event=event,
        messages=messages,
        condition=condition,
        actions=tuple(item.text() for item in entry["actions"].sequence()),
        next_state=entry["next_state"].choice(machine.states, "state"),
        place=node.place,
    )
