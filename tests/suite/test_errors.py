"""Every mistake in a suite is an error at its place, with a hint what to write."""

from __future__ import annotations

import pytest

from harness.errors import DataError
from tests.suite.reading import errors_of, in_case, marked

STEPS = [
    ("- §sned: SCCRQ", "data.unknown-step", "'send'"),
    ("- send: §SCRQ", "data.unknown-message", "'SCCRQ'"),
    ("- send: §65536", "data.range", ""),
    ("- send: SCCRQ\n  §st: {}", "data.unknown-step-key", "'set'"),
    ("- send: SCCRQ\n  §within: 3s", "data.unknown-step-key", ""),
    ("- send: SCCRQ\n  §wait: 3s", "suite.two-steps", ""),
    ("- §tunnel: t1\n  send: SCCRQ", "suite.step-order", "`send:` first"),
    ("- §{}", "suite.step", ""),
    ("- §alive", "data.mapping", ""),
    ("- send: SCCRQ\n  set: {§hostname: x}", "data.unknown-avp", "'host_name'"),
    ("- send: SCCRQ\n  set: {result_code: {§eror: 1, result: 1}}", "data.unknown-field", "'error'"),
    ("- send: SCCRQ\n  set: {result_code: §2}", "suite.value-shape", "result, error, message"),
    ("- send: SCCRQ\n  set: {result_code: §{error: 2}}", "suite.value", ""),
    ("- send: SCCRQ\n  set: {result_code: {result: §65536}}", "suite.value", ""),
    ("- send: SCCRQ\n  set: {result_code: {result: §0x000001}}", "suite.value-width", "quote it"),
    ("- send: SCCRQ\n  set: {assigned_tunnel_id: §0x00001}", "suite.value-width", "quote it"),
    ("- send: SCCRQ\n  set: {assigned_tunnel_id: §-1}", "suite.value", ""),
    ("- send: SCCRQ\n  set: {assigned_tunnel_id: §seven}", "data.integer", ""),
    ("- send: SCCRQ\n  set: {assigned_tunnel_id: §{a: 1}}", "suite.value-shape", ""),
    ("- send: SCCRQ\n  set: {challenge: §0x123}", "suite.octets", ""),
    ("- send: SCCRQ\n  set: {challenge: §\"0x12 zz\"}", "suite.octets", ""),
    ("- send: SCCRQ\n  set: {challenge: §1234}", "suite.value-shape", "0x"),
    ("- send: SCCRQ\n  set: {host_name: §true}", "suite.value-shape", ""),
    ("- send: SCCRQ\n  add: [§{value: 0x00}]", "suite.avp-edit", ""),
    ("- send: SCCRQ\n  add: [§{avp: host_name, type: 7}]", "suite.avp-edit", ""),
    ("- send: SCCRQ\n  add: [§hostname]", "data.unknown-avp", "'host_name'"),
    ("- send: SCCRQ\n  add: [{type: §65536}]", "data.range", ""),
    ("- send: SCCRQ\n  add: [{type: 9999, value: §7}]", "suite.value-width", "0x"),
    ("- send: SCCRQ\n  add: [{type: 9999, §mandatry: true}]", "data.unknown-key", "'mandatory'"),
    ("- send: SCCRQ\n  add: [{type: 9999, reserved: §16}]", "data.range", ""),
    ("- send: SCCRQ\n  omit: [§challnge]", "data.unknown-avp", "'challenge'"),
    ("- send: SCCRQ\n  omit: [§called_number]", "suite.not-carried", ""),
    ("- send: SCCRQ\n  replace: {§called_number: {length: 1}}", "suite.not-carried", ""),
    ("- send: SCCRQ\n  replace: {host_name: §{}}", "suite.avp-edit", ""),
    ("- send: SCCRQ\n  order: §revrsed", "data.unknown-avp", ""),
    ("- send: SCCRQ\n  header: {§nss: 1}", "data.unknown-header-field", "'ns'"),
    ("- send: SCCRQ\n  header: §{}", "suite.header", ""),
    ("- send: SCCRQ\n  header: {ns: §true}", "suite.header", ""),
    ("- send: SCCRQ\n  header: {tunnel_id: §false}", "suite.header", ""),
    ("- send: SCCRQ\n  header: {version: §16}", "data.range", ""),
    ("- send: SCCRQ\n  header: {reserved: §0x0001}", "suite.header", "0x34F0"),
    ("- send: SCCRQ\n  hide: {avps: [§hostname]}", "data.unknown-avp", "'host_name'"),
    ("- send: SCCRQ\n  hide: §{padding: 3}", "data.missing-key", ""),
    ("- send: SCCRQ\n  cut: §0", "data.range", ""),
    ("- send: SCCRQ\n  raw: §0x00", "suite.step-key", "send: raw"),
    ("- send: SCCRQ\n  payload: §0x00", "suite.step-key", "send: data"),
    ("- send: §raw", "data.missing-key", "raw"),
    ("- send: raw\n  raw: 0x00\n  set: §{host_name: x}", "suite.step-key", "as they are"),
    ("- send: data\n  payload: §7", "suite.value-width", "0x"),
    ("- send: raw\n  raw: §true", "suite.value-width", "0x"),
    ("- send: SCCRQ\n  append: §true", "suite.value-width", "0x"),
    ("- expect: SCCRP\n  save: {a: header.ns}\n- send: HELLO\n  append: §\"${a}\"",
     "suite.too-late", "axis"),
    ("- expect: SCCRP\n  save: {a: header.ns}\n- wait: §\"${a}\"", "suite.too-late", "axis"),
    ("- retransmissions: {of: SCCRP, within: 9s, sends: §[3]}", "suite.range", ""),
    ("- expect: SCCRP\n  where: {host_name: {range: [1, §x]}}", "data.integer", ""),
    ("- expect: StopCCN\n  where: {result_code: {in: [{§rsult: 1}]}}", "data.unknown-field", ""),
    ("- expect: SCCRP\n  save: {a: header.ns}\n- compare: {a: §1.5}", "suite.matcher", ""),
    ("- expect: SCCRP\n  save: {a: header.ns}\n- compare: {a: {§b: 1}}",
     "data.unknown-matcher", "no fields"),
    ("- send: raw\n  raw: §text", "suite.value-width", "0x"),
    ("- send: ZLB\n  omit: §[host_name]", "suite.step-key", "no AVPs"),
    ("- resend: §HELLO", "suite.resend", ""),
    ("- send: SCCRQ\n- resend: §HELLO", "suite.resend", ""),
    ("- expect: §SCCRPP", "data.unknown-message", "'SCCRP'"),
    ("- expect: §[]", "suite.expect", ""),
    ("- expect: [{message: §silense}]", "data.unknown-message", "'silence'"),
    ("- expect: [§{where: {}}]", "data.missing-key", "message"),
    ("- expect: [{message: SCCRP, §verdct: warn}]", "data.unknown-key", "'verdict'"),
    ("- expect: [{message: SCCRP, verdict: §error}]", "data.unknown-verdict", ""),
    ("- expect: [{message: ZLB, where: §{host_name: x}}]", "suite.where", ""),
    ("- expect: [ZLB, silence]\n  where: §{host_name: x}", "suite.where", ""),
    ("- expect: [{message: silence, header: §{ns: 1}}]", "suite.where", ""),
    ("- expect: SCCRP\n  where: {§hostname: x}", "data.unknown-avp", "'host_name'"),
    ("- expect: SCCRP\n  where: {§0/7: x}", "suite.avp-name", "host_name"),
    ("- expect: SCCRP\n  where: {host_name: {§ni: [a]}}", "data.unknown-matcher", "regex"),
    ("- expect: SCCRP\n  where: {host_name: §}", "suite.matcher", "present"),
    ("- expect: SCCRP\n  where: {host_name: §{}}", "suite.matcher", ""),
    ("- expect: SCCRP\n  where: {host_name: §{in: [a], not: b}}", "suite.matcher", "one operator"),
    ("- expect: SCCRP\n  where: {host_name: {in: §[]}}", "suite.matcher", ""),
    ("- expect: SCCRP\n  where: {host_name: {in: §a}}", "data.list", ""),
    ("- expect: SCCRP\n  where: {host_name: {regex: §\"(\"}}", "suite.regex", ""),
    ("- expect: SCCRP\n  where: {host_name: {length: §-1}}", "data.range", ""),
    ("- expect: SCCRP\n  where: {host_name: {range: §[1]}}", "suite.range", ""),
    ("- expect: SCCRP\n  where: {host_name: {range: §[2, 1]}}", "suite.range", ""),
    ("- expect: SCCRP\n  where: {host_name: {range: §[null, null]}}", "suite.range", ""),
    ("- expect: StopCCN\n  where: {result_code: §2}", "suite.value-shape", "result"),
    ("- expect: StopCCN\n  where: {result_code: {§rsult: 2}}", "data.unknown-field", "'result'"),
    ("- expect: StopCCN\n  where: {result_code: {result: §70000}}", "suite.value", ""),
    ("- expect: SCCRP\n  header: {§sn: 1}", "data.unknown-header-field", ""),
    ("- expect: SCCRP\n  header: {ns: §70000}", "data.range", ""),
    ("- expect: SCCRP\n  within: §soon", "data.duration", "500ms"),
    ("- expect: SCCRP\n  within: §0", "data.duration", ""),
    ("- expect: SCCRP\n  save: {§1st: host_name}", "suite.name", ""),
    ("- expect: SCCRP\n  save: {§iut_tunnel_id: header.ns}", "suite.name-taken", ""),
    ("- expect: SCCRP\n  save: {a: §hostname}", "data.unknown-avp", "'host_name'"),
    ("- expect: SCCRP\n  save: {a: §result_code.eror}", "data.unknown-field", "'error'"),
    ("- expect: SCCRP\n  save: {a: §host_name.x}", "suite.save", ""),
    ("- expect: SCCRP\n  save: {a: §header.mr}", "data.unknown-header-field", "nr"),
    ("- expect: SCCRP\n  otherwise: §pass", "data.unknown-verdict", ""),
    ("- expect: SCCRP\n  rows: [§RFC2661-4.1-5]", "data.unknown-requirement", "RFC2661-"),
    ("- expect: SCCRP\n  rows: [§{avp: host_name}]", "suite.row", "{avp, aspect}"),
    ("- expect: SCCRP\n  rows: [§{avp: tie_breaker, aspect: value}]", "suite.row", ""),
    ("- expect: SCCRP\n  policy: §21", "data.text", ""),
    ("- expect: SCCRP\n  policy: §P21", "suite.policy", "P-1"),
    ("- establish: §tunel", "data.unknown-preamble", "'tunnel'"),
    ("- establish: tunnel\n  with: {§SCCQR: {}}", "data.unknown-message", "'SCCRQ'"),
    ("- establish: tunnel\n  with: {SCCRQ: {§ste: {}}}", "data.unknown-key", "'set'"),
    ("- establish: tunnel\n  local_id: §0", "data.range", ""),
    ("- silence: §{strict: true}", "data.missing-key", "for"),
    ("- silence: 2s\n  §strict: true", "suite.step-key", "silence: {strict: …}"),
    ("- acks: §holds", "data.unknown-word", "'hold'"),
    ("- link: §{direction: sent}", "suite.link", ""),
    ("- link: §{drop: 1, delay: 1}", "suite.link", ""),
    ("- link: §{delay: 1}", "suite.link", "seconds"),
    ("- link: {drop: 1, direction: §recieved}", "data.unknown-word", "'received'"),
    ("- retransmissions: §{of: SCCRP}", "data.missing-key", "within"),
    ("- retransmissions: {of: SCCRP, within: 9s, first: §[3, 2]}", "suite.range", ""),
    ("- alive: §tunel", "data.unknown-word", "'tunnel'"),
    ("- compare: {§a: 1}", "data.unknown-value", ""),
    ("- compare: §{}", "suite.compare", ""),
    ("- repeat: §{count: 2}", "data.missing-key", "steps"),
    ("- repeat: {count: §0, steps: [{alive: }]}", "data.range", ""),
    ("- repeat: {count: 2, steps: [{§sned: SCCRQ}]}", "data.unknown-step", "'send'"),
    ("- device: §{values: {}}", "data.missing-key", "action"),
    ("- send: SCCRQ\n  set: {host_name: §\"${nme}\"}", "suite.undefined-name", "axis"),
    ("- send: SCCRQ\n  set: {§\"${nme}\": 1}", "suite.undefined-name", ""),
    ("- send: SCCRQ\n  set: {host_name: §\"${nme\"}", "suite.placeholder", ""),
    ("- send: SCCRQ\n  set: {host_name: §\"${a b}\"}", "suite.placeholder", "${name+1}"),
    ("- send: SCCRQ\n  cut: §\"${nme}\"", "suite.undefined-name", ""),
    ("- send: SCCRQ\n  set: {host_name: §\"${index}\"}", "suite.undefined-name", ""),
    ("- expect: SCCRP\n  save: {a: header.ns}\n- send: HELLO\n  cut: §\"${a}\"",
     "suite.too-late", "axis"),
    ("- expect: SCCRP\n  save: {abc: header.ns}\n- send: HELLO\n  header: {ns: §\"${abd}\"}",
     "suite.undefined-name", "'abc'"),
]  # fmt: skip

CASES = [
    ("requires: [§tunnel_authetication]", "data.unknown-capability", "'tunnel_authentication'"),
    ("each: {§a: [1, 2]}", "suite.unused-axis", "${a}"),
    ("each: {§1a: [1, 2]}", "suite.axis-name", ""),
    ("each: {§index: [1, 2]}", "suite.name-taken", ""),
    ("each: {a: §[]}", "suite.axis-empty", ""),
    ("each: §{}", "suite.axis-empty", ""),
    ("each: {a: §7}", "suite.axis", "{range: [low, high]}"),
    ("each: {a: {§rnge: [1, 2]}}", "data.unknown-axis-source", "'range'"),
    ("each: {a: {range: §[2, 1]}}", "suite.range", ""),
    ("each: {a: {range: §[0, 99999999]}}", "suite.axis-size", ""),
    ("each: §{a: {range: [0, 999]}, b: {range: [0, 999]}}", "suite.axis-size", ""),
    ("each: {a: {messages: §some}}", "data.unknown-word", "all"),
    ("each: {a: {avps: {message: §SCCQR}}}", "data.unknown-message", "'SCCRQ'"),
    ("each: {a: {avps: {§optinal: true}}}", "data.unknown-key", "'optional'"),
    ("each: {a: {avps: {optional: §true}}}", "suite.axis", "message"),
    ("each: {a: {avps: {except: [§hostname]}}}", "data.unknown-name", "'host_name'"),
    ("each: {a: {result_codes: §SCCRQ}}", "data.unknown-message", ""),
    ("each: [{a: 1}, §{b: 1}]", "suite.axis-row", ""),
    ('each: {"a, b": [§[1]]}', "suite.axis-row", ""),
    ("each: {a: [1, §1]}", "suite.axis-duplicate", ""),
    ('each: {a: [1], §"b, a": [[1, 2]]}', "data.duplicate-key", ""),
    ("each: {a: §{range: [1, 2], messages: all}}", "suite.axis", ""),
    ("each: {a: {range: §[1]}}", "suite.range", ""),
    ("each: {a: {messages: {sender: §lcc}}}", "data.unknown-role", "'lac'"),
    ("tags: [§Slow]", "suite.tag", "slow"),
    ("selection: §Safe", "suite.tag", "security"),
    ("exclusive: §maybe", "data.boolean", ""),
    ("seconds: §long", "data.duration", ""),
    ("§stps: []", "data.unknown-key", "'steps'"),
    ("secret: §\"${nope}\"", "suite.undefined-name", ""),
    ("policy: [P-1, §P-0]", "suite.policy", ""),
]  # fmt: skip

FILLED = [
    ("each: {a: [{b: 1}]}", "- send: SCCRQ\n  note: §x ${a}", "suite.axis-text"),
    ("each: {a: [word]}", "- send: SCCRQ\n  note: §\"${a+1}\"", "suite.axis-sum"),
    ("each: {a: [true]}", "- send: SCCRQ\n  note: §\"${a:2}\"", "suite.axis-sum"),
    ("each: {a: [§[1]]}", "- send: SCCRQ\n  set: {\"${a}\": 1}", "suite.axis-key"),
    ("each: {a: [§host_name]}",
     "- send: SCCRQ\n  set: {host_name: x, \"${a}\": y}", "data.duplicate-key"),
    ("each: {a: [§70000]}", "- send: SCCRQ\n  set: {assigned_tunnel_id: \"${a}\"}", "suite.value"),
    ("each: {a: [§0x00000001]}",
     "- send: SCCRQ\n  set: {assigned_tunnel_id: \"${a}\"}", "suite.value-width"),
]  # fmt: skip

FILES = [
    ("§title: x", "data.missing-key", "spec"),
    ("§[1]", "data.mapping", ""),
    ("title: x\nspec: §rfc2662\ncases: {a: {}}", "data.unknown-specification", "'rfc2661'"),
    ("title: x\nspec: rfc2661\ncases: §{}", "suite.empty", ""),
    ("title: x\nspec: rfc2661\n§case: {}\ncases: {}", "data.unknown-key", "'cases'"),
    ("title: x\nspec: rfc2661\ncases: {a: {}, §a: {}}", "data.duplicate-key", ""),
    ("title: x\nspec: rfc2661\ncases:\n  §A_b: {}", "suite.case-name", ""),
    ("title: x\nspec: rfc2661\ndefaults: {§each: {}}\ncases: {a: {}}", "data.unknown-key", ""),
    ("title: x\nspec: rfc2661\ncases:\n  §a: {covers: [], iut: lns, steps: []}",
     "data.missing-key", "purpose"),
    ("title: x\nspec: rfc2661\ncases:\n  §a: {purpose: x, iut: lns, steps: []}",
     "data.missing-key", "covers"),
    ("title: x\nspec: rfc2661\ncases:\n  §a: {purpose: x, covers: [], iut: lns}",
     "data.missing-key", "steps"),
    ("title: x\nspec: rfc2661\ncases:\n  a: {purpose: §\" \", covers: RFC2661-5.5-01, iut: lns, "
     "steps: [{alive: }]}",
     "suite.purpose", ""),
    ("title: x\nspec: rfc2661\ncases:\n  a: {purpose: x, covers: §[], iut: lns, "
     "steps: [{alive: }]}", "suite.covers", ""),
    ("title: x\nspec: rfc2661\ncases:\n  a: {purpose: x, covers: [RFC2661-5.5-01], iut: [§lnss], "
     "steps: [{alive: }]}", "data.unknown-role", "'lns'"),
    ("title: x\nspec: rfc2661\ncases:\n  a: {purpose: x, covers: [RFC2661-5.5-01], iut: §[], "
     "steps: [{alive: }]}", "suite.iut", ""),
    ("title: x\nspec: rfc2661\ncases:\n  a: {purpose: x, covers: [RFC2661-5.5-01], iut: lns, "
     "steps: §[{send: SCCRQ}]}", "suite.toothless", "expect"),
    ("title: x\nspec: rfc2661\ncases:\n  a: {purpose: x, covers: [§RFC2661-5.5-1], iut: lns, "
     "steps: [{alive: }]}", "data.unknown-requirement", "RFC2661-5.5-01"),
    ("title: [x\n§", "data.yaml", ""),
]  # fmt: skip


def check(marked_text: str, code: str, hint: str) -> None:
    text, places = marked(marked_text)
    errors = errors_of(text)
    found = [one for one in errors if one.code == code and _at(one) in places]
    assert found, f"{text}\n{[str(one) for one in errors]}"
    assert hint in found[0].hint + found[0].cause
    assert found[0].place is not None
    assert found[0].place.file == "sample.yaml"


def _at(error: DataError) -> tuple[int, int]:
    assert error.place is not None
    return error.place.line, error.place.column


@pytest.mark.parametrize(("steps", "code", "hint"), STEPS)
def test_a_wrong_step(steps: str, code: str, hint: str) -> None:
    check(in_case(steps + "\n- alive:"), code, hint)


@pytest.mark.parametrize(("steps", "code", "hint"), STEPS)
def test_a_wrong_step_is_the_only_error(steps: str, code: str, hint: str) -> None:
    errors = errors_of(marked(in_case(steps + "\n- alive:"))[0])
    assert [one.code for one in errors] == [code]


@pytest.mark.parametrize(("extra", "code", "hint"), CASES)
def test_a_wrong_key_of_a_case(extra: str, code: str, hint: str) -> None:
    check(in_case("- alive:", extra), code, hint)


@pytest.mark.parametrize(("extra", "steps", "code"), FILLED)
def test_an_axis_that_does_not_fit(extra: str, steps: str, code: str) -> None:
    check(in_case(f"{steps}\n- alive:", extra), code, "")


@pytest.mark.parametrize(("text", "code", "hint"), FILES)
def test_a_wrong_file(text: str, code: str, hint: str) -> None:
    if code == "data.missing-key":
        # the place is that of the mapping, and of the case's name for a case
        errors = errors_of(marked(text)[0])
        assert any(one.code == code and hint in one.cause for one in errors)
    check(text, code, "" if code == "data.missing-key" else hint)


def test_all_errors_come_at_once_and_in_order() -> None:
    text, places = marked(
        in_case(
            "- send: §SCCQR\n- expect: SCCRP\n  where: {§hostname: x, §chalenge: y}\n"
            "- §sned: HELLO\n- alive: §tunel",
            "requires: [§nothing]\npolicy: §P1",
        )
    )
    assert [_at(one) for one in errors_of(text)] == places


def test_an_error_in_an_axis_value_points_at_the_value_and_comes_once() -> None:
    text, places = marked(
        in_case(
            '- send: SCCRQ\n  omit: ["${avp}"]\n- alive:',
            "each: {avp: [host_name, §hostname], times: [1, 2, 3]}",
        ).replace("omit:", "repeat: '${times}'\n        omit:")
    )
    errors = errors_of(text)
    assert [(_at(one), one.code) for one in errors] == [(places[0], "data.unknown-avp")]


def test_an_error_beside_an_axis_comes_once_for_all_values() -> None:
    text = in_case("- send: SCCQR\n  repeat: '${n}'\n- alive:", "each: {n: {range: [1, 50]}}")
    assert [one.code for one in errors_of(text)] == ["data.unknown-message"]
