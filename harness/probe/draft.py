"""A draft of `ics` and `ixit` from what was measured, as YAML with a remark at every line.

What a device says of itself is hostile: it is quoted, and no remark has more than one line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from harness.probe.findings import Findings
from harness.wire.text import printable

_LONGEST_REMARK: Final = 160
_COLUMN: Final = 34


def as_yaml(found: Findings, command: str) -> str:
    """The draft; a human being reads it before it is claimed."""
    lines = [
        f"# What {printable(found.device.name)} did when it was asked ({printable(command, 300)}).",
        "# It is a draft: a capability is what you stand for, not what happened to work once.",
        *_ics(found),
        *_ixit(found),
        *_facts(found),
    ]
    return "\n".join(lines) + "\n"


def as_json(found: Findings) -> dict[str, Any]:
    """The same for a script."""
    schedule = found.retransmit
    return {
        "device": found.device.name,
        "role": found.device.role.value,
        "ics": {
            one.capability: {"value": one.value, "why": one.why, "frames": list(one.frames)}
            for one in found.claims
        },
        "ixit": {
            "host_name": found.host_name,
            "port": found.port,
            "hello_interval": found.hello_interval,
            "retransmit": None
            if schedule is None
            else {
                "first": schedule.first,
                "cap": schedule.cap,
                "max": schedule.max,
                "given_up": found.given_up,
                "intervals": [round(one, 3) for one in found.intervals],
            },
        },
        "facts": dict(found.facts),
        "not_measured": dict(found.why_not),
        "contradictions": [
            {"capability": claim.capability, "stated": stated, "measured": claim.value}
            for claim, stated in found.contradictions()
        ],
    }


def _ics(found: Findings) -> Iterator[str]:
    yield "ics:"
    differing = {claim.capability for claim, _ in found.contradictions()}
    for claim in found.claims:
        if claim.value is None:
            line = _remarked(f"  # {claim.capability}:", f"not found out. {claim.why}")
        else:
            line = _remarked(f"  {claim.capability}: {_yaml(claim.value)}", claim.why)
        yield line
        if claim.capability in differing:
            stated = "claims it" if not claim.value else "does not claim it"
            yield f"    # ^ peer.yaml {stated}"


def _ixit(found: Findings) -> Iterator[str]:
    ixit = found.device.ixit
    yield "ixit:"
    if ixit.port != 1701:
        yield f"  port: {ixit.port}"
    if ixit.secret is not None:
        right = found.claim("tunnel_authentication").value
        remark = "it answered a Challenge with it" if right else "it was not seen to use it"
        yield _remarked("  # secret:", f"as in peer.yaml; {remark}")
    if found.host_name is None:
        yield _remarked("  # host_name:", "not seen")
    else:
        remark = f"of its {found.facts.get('first_message', 'first message')}"
        yield _remarked(f"  host_name: {_yaml(found.host_name)}", remark)
    if found.hello_interval is None:
        yield _remarked("  # hello_interval:", f"not found out. {found.why_not['hello_interval']}")
    else:
        yield _remarked(
            f"  hello_interval: {found.hello_interval:g}s", "of silence before its HELLO"
        )
    if found.retransmit is None:
        yield _remarked("  # retransmit:", f"not found out. {found.why_not['retransmit']}")
        return
    schedule = found.retransmit
    cap = "" if schedule.cap is None else f", cap: {schedule.cap:g}s"
    seen = ", ".join(f"{one:.2f}" for one in found.intervals)
    remark = f"after {seen} s" + ("" if found.given_up else "; it may go on")
    yield _remarked(
        f"  retransmit: {{first: {schedule.first:g}s{cap}, max: {schedule.max}}}", remark
    )


def _facts(found: Findings) -> Iterator[str]:
    yield "# What else it said:"
    for name, value in found.facts.items():
        yield f"#   {name}: {_yaml(value)}"


def _yaml(value: str | int | bool) -> str:
    return json.dumps(value, ensure_ascii=False)


def _remarked(line: str, remark: str) -> str:
    return f"{line:<{_COLUMN}}  # {printable(remark, _LONGEST_REMARK)}"
