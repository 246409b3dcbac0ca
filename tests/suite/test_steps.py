"""What each form of a step becomes in the model."""

from __future__ import annotations

import pytest

from harness.spec.model import Role
from harness.suite.model import (
    Acks,
    Advance,
    Alive,
    Close,
    Compare,
    DeviceAction,
    Establish,
    Hello,
    LinkStep,
    Matcher,
    Outstanding,
    Repeat,
    Resend,
    Retransmissions,
    Series,
    Severity,
    Silence,
    Wait,
)
from tests.suite.reading import ROW, errors_of, expect, in_case, step_of, suite_of


def matcher_of(avp: str, written: str) -> Matcher:
    return expect(f"- expect: SCCRP\n  where: {{{avp}: {written}}}").alternatives[0].where[avp]


def test_alternatives() -> None:
    step = expect(
        "- expect:\n"
        "    - SCCRP\n"
        "    - {message: StopCCN, where: {result_code: {result: 4}}, verdict: warn,\n"
        "       within: 500ms, note: why, policy: P-23}\n"
        "    - silence\n    - ack\n"
        "  where: {assigned_tunnel_id: {range: [1, null]}}\n"
        "  header: {ns: 0}\n  within: 5s\n  any_session: true"
    )
    first, second, third, fourth = step.alternatives
    assert set(first.where) == {"assigned_tunnel_id"}
    assert set(second.where) == {"assigned_tunnel_id", "result_code"}
    assert (second.verdict, second.within, second.note, second.policy) == (
        Severity.WARN,
        0.5,
        "why",
        "P-23",
    )
    assert (third.message, dict(third.where), dict(third.header)) == ("silence", {}, {})
    assert dict(fourth.where) == {}
    assert set(fourth.header) == {"ns"}
    assert (step.within, step.any_session) == (5.0, True)


@pytest.mark.parametrize(
    ("avp", "written", "matcher"),
    [
        ("host_name", "x", Matcher(equals="x", has_equals=True)),
        ("host_name", "present", Matcher(present=True)),
        ("host_name", "absent", Matcher(present=False)),
        ("host_name", "{equals: present}", Matcher(equals="present", has_equals=True)),
        ("host_name", "{in: [a, b]}", Matcher(one_of=("a", "b"))),
        ("host_name", "{not: a}", Matcher(none_of=("a",))),
        ("host_name", "{regex: ^a}", Matcher(pattern="^a")),
        ("host_name", "{length: 3}", Matcher(length=(3, 3))),
        ("host_name", "{length: [1, null]}", Matcher(length=(1, 0xFFFF))),
        ("host_name", "{bytes: 0x00}", Matcher(equals=b"\0", has_equals=True)),
        ("assigned_tunnel_id", "{range: [1, 9]}", Matcher(low=1, high=9)),
        ("assigned_tunnel_id", "{range: [null, 9]}", Matcher(high=9)),
        ("challenge", "0x0001", Matcher(equals=b"\0\1", has_equals=True)),
        ("9/1", "0x0001", Matcher(equals=b"\0\1", has_equals=True)),
        ("9/1", "1", Matcher(equals=1, has_equals=True)),
        ("protocol_version", "{version: 1}",
         Matcher(fields={"version": Matcher(equals=1, has_equals=True)})),
        ("protocol_version", "{version: {in: [1, 2]}, revision: absent}",
         Matcher(fields={"version": Matcher(one_of=(1, 2)), "revision": Matcher(present=False)})),
        ("protocol_version", "{in: [{version: 1}, 0x0100]}",
         Matcher(one_of=({"version": 1}, b"\1\0"))),
        ("sequencing_required", "", Matcher(has_equals=True)),
    ],
)  # fmt: skip
def test_matchers(avp: str, written: str, matcher: Matcher) -> None:
    assert matcher_of(avp, written) == matcher


def test_what_all_steps_have() -> None:
    step = step_of(
        "- alive: tunnel\n  tunnel: t2\n  session: s2\n"
        f"  rows: [{ROW}, {{avp: host_name, aspect: M}}, {ROW}]\n"
        "  policy: P-21\n  otherwise: inconc\n  note: why"
    )
    assert (step.tunnel, step.session, step.policy, step.note) == ("t2", "s2", "P-21", "why")
    assert step.rows == (ROW, "RFC2661-4.4.3-host_name-M")
    assert step.otherwise is Severity.INCONC
    assert step.text.startswith(
        "alive: tunnel, tunnel: t2, session: s2, rows: [RFC2661-4.1-05, {avp"
    )
    assert step.place.line > 8


def test_the_other_steps() -> None:
    resend = step_of("- resend: SCCRQ\n  count: 2", "- send: SCCRQ")
    assert isinstance(resend, Resend)
    assert (resend.message, resend.count) == ("SCCRQ", 2)
    establish = step_of(
        "- establish: session\n  authenticate: true\n  local_id: 9\n"
        "  with: {ICRQ: {set: {called_number: 0123}, header: {ns: 1}}}"
    )
    assert isinstance(establish, Establish)
    assert (establish.what, establish.authenticate, establish.local_id) == ("session", True, 9)
    assert establish.messages["ICRQ"].set == {"called_number": "0123"}
    silence = step_of("- silence: {for: 500ms, strict: true, whole_tunnel: false}")
    assert isinstance(silence, Silence)
    assert (silence.seconds, silence.strict, silence.whole_tunnel) == (0.5, True, False)
    short = step_of("- silence: 2s")
    assert isinstance(short, Silence)
    assert (short.seconds, short.strict, short.whole_tunnel) == (2.0, False, True)
    acks, hello = step_of("- acks: hold"), step_of("- hello: ignore")
    assert isinstance(acks, Acks)
    assert isinstance(hello, Hello)
    assert (acks.mode, hello.mode) == ("hold", "ignore")
    link = step_of("- link: {delay: 2, seconds: 1.5, direction: sent, message: ICRP}")
    assert isinstance(link, LinkStep)
    assert (link.impairment, link.count, link.seconds) == ("delay", 2, 1.5)
    assert (link.direction, link.message) == ("sent", "ICRP")
    close = step_of("- close: other")
    assert isinstance(close, Close)
    assert close.endpoint == "other"
    wait = step_of("- wait: 1m")
    assert isinstance(wait, Wait)
    assert wait.seconds == 60.0
    dial, call = step_of("- device: dial"), step_of("- device: {action: call, values: {n: 0123}}")
    assert isinstance(dial, DeviceAction)
    assert isinstance(call, DeviceAction)
    assert (dial.action, call.action, call.values) == ("dial", "call", {"n": "0123"})
    alive = step_of("- alive:\n  within: 7s")
    assert isinstance(alive, Alive)
    assert (alive.what, alive.within) == ("device", 7.0)
    compare = step_of(
        '- compare: {a: 0x10, b: {not: "${a}"}}',
        "- expect: SCCRP\n  save: {a: header.ns, b: header.nr}",
    )
    assert isinstance(compare, Compare)
    assert compare.values == {
        "a": Matcher(equals=16, has_equals=True),
        "b": Matcher(none_of=("${a}",)),
    }


def test_retransmissions() -> None:
    usual = step_of("- retransmissions: {of: SCCRP, within: 40s}")
    assert isinstance(usual, Retransmissions)
    assert (usual.message, usual.within, usual.first, usual.sends) == (
        "SCCRP",
        40.0,
        (0.5, 5.0),
        (4, 10),
    )
    given = step_of(
        "- retransmissions: {of: SCCRP, within: 40s, first: [500ms, 2], factor: [1.5, 3],\n"
        "    least_cap: 4, sends: [2, 3], at_least: 1, until_given_up: true}"
    )
    assert isinstance(given, Retransmissions)
    assert (given.first, given.factor, given.least_cap) == ((0.5, 2.0), (1.5, 3.0), 4.0)
    assert (given.sends, given.at_least, given.until_given_up) == ((2, 3), 1, True)


def test_repeat_holds_steps_and_knows_its_index() -> None:
    step = step_of(
        '- repeat:\n    count: 3\n    steps:\n      - send: ICRQ\n        session: "s${index}"'
    )
    assert isinstance(step, Repeat)
    assert step.count == 3
    (inner,) = step.steps
    assert inner.session == "s${index}"
    assert step.text == "repeat: {count: 3, steps: [send]}"


def test_a_case_of_a_selection_has_its_tag() -> None:
    each = "[{label: x, a: 1, of: ''}, {label: y, a: 2, of: security}]"
    suite = suite_of(
        f"title: S\nspec: rfc2661\ndefaults: {{covers: {ROW}, iut: lns, tags: [negative]}}\n"
        f"cases:\n  first: {{purpose: '${{a}}', each: {each}, selection: '${{of}}', "
        "steps: [{alive: , within: '${a}'}]}\n"
    )
    assert [(one.selection, set(one.tags)) for one in suite.cases] == [
        ("", {"negative"}),
        ("security", {"negative", "security"}),
    ]


def test_a_case_takes_the_defaults_unless_it_says_otherwise() -> None:
    suite = suite_of(
        f"title: S\nspec: rfc2661\ndefaults: {{covers: {ROW}, iut: [lac, lns], tags: [positive], "
        "seconds: 3s, secret: a, exclusive: true, requires: incoming_calls}\ncases:\n"
        "  first: {purpose: x, steps: [{alive: }]}\n"
        "  second: {purpose: '  y \n   z ', tags: [slow, negative], iut: lac, title: T, "
        "steps: [{alive: }]}\n"
    )
    first, second = suite.cases
    assert first.iut == {Role.LAC, Role.LNS}
    assert (first.covers, first.requires, first.secret) == ((ROW,), ("incoming_calls",), "a")
    assert (first.seconds, first.exclusive, first.title) == (3.0, True, "first")
    assert second.iut == {Role.LAC}
    assert second.tags == {"slow", "negative"}
    assert (second.title, second.purpose, second.seconds) == ("T", "y z", 3.0)


def test_a_step_may_be_left_out_after_a_message() -> None:
    assert step_of("- alive: tunnel\n  unless: [StopCCN, 17]").unless == ("StopCCN", "17")
    assert step_of("- alive: tunnel").unless == ()


def test_a_preamble_may_stop_on_its_way() -> None:
    step = step_of("- establish: session\n  before: ICCN", "")
    assert isinstance(step, Establish)
    assert step.before == "ICCN"
    (error,) = errors_of(in_case("- establish: tunnel\n  before: ICCN\n- alive:"))
    assert error.code == "data.unknown-message"


def test_a_step_may_depend_on_saved_values() -> None:
    before = "- expect: SCCRQ\n  save: {theirs: tie_breaker}"
    step = step_of("- send: HELLO\n  when: {theirs: {range: [5, null]}}", before)
    assert step.when == {"theirs": Matcher(low=5)}
    assert step_of("- send: HELLO").when == {}


def test_counting_steps() -> None:
    step = step_of("- outstanding: {within: 500ms, at_most: 4}")
    assert isinstance(step, Outstanding)
    assert (step.within, step.at_least, step.at_most) == (0.5, 1, 4)
    advance = step_of("- advance: {to: 0xfffe}")
    assert isinstance(advance, Advance)
    assert advance.to == 65534


def test_a_series_is_made_of_what_was_collected() -> None:
    before = "- expect: SCCRP\n  collect: {ids: assigned_tunnel_id}"
    collecting = expect(before)
    assert collecting.collect == {"ids": "assigned_tunnel_id"}
    step = step_of("- series: {of: ids, count: 8, distinct: true}", before)
    assert isinstance(step, Series)
    assert (step.of, step.count, step.distinct, step.unpredictable) == ("ids", 8, True, False)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("- series: {of: id, distinct: true}", "data.unknown-series"),
        ("- series: {of: ids}", "suite.series"),
        ("- outstanding: {within: 1s, at_least: 5, at_most: 4}", "suite.range"),
        ("- advance: {to: 65536}", "data.range"),
        ("- send: HELLO\n  when: {id: 1}", "data.unknown-value"),
    ],
)
def test_what_counting_steps_cannot_be(step: str, code: str) -> None:
    text = in_case(f"- expect: SCCRP\n  collect: {{ids: assigned_tunnel_id}}\n{step}")
    assert [error.code for error in errors_of(text)] == [code]
