"""`lint`: suites, tables and devices, all mistakes at once."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.cli.command import ROOT, Command


def test_what_the_harness_carries_is_clean(command: Command) -> None:
    result = command("lint")
    assert (result.code, result.err) == (0, ""), result.out
    assert "nothing wrong" in result.out


def test_all_mistakes_come_at_once(command: Command, failing_suite: Path) -> None:
    (failing_suite / "bad.yaml").write_text(
        "title: x\nspec: rfc2661\ncases:\n  a: {purpose: An odd case that is here, stepps: []}\n"
    )
    shutil.copytree(ROOT / "suites" / "spec", failing_suite / "spec")
    tables = failing_suite / "spec" / "rfc2661"
    rows = tables / "requirements.yaml"
    rows.write_text(rows.read_text().replace("text: A ZLB consists", "text: A ZLB MUST consist"))
    bng = command.folder / "peers" / "bng"
    shutil.copytree(ROOT / "peers" / "reference-lns", bng)
    text = (bng / "peer.yaml").read_text()
    (bng / "peer.yaml").write_text(text.replace("embedded: {}", "embedded: {windw: 3}"))
    odd = command.folder / "peers" / "odd"
    shutil.copytree(bng, odd)
    (odd / "peer.yaml").write_text(text.replace("secret: secret", "sekret: secret"))
    result = command("lint", "--suites", failing_suite)
    assert result.code == 2
    told = command("lint", "--suites", failing_suite, "--json").json
    found = {(Path(one["file"]).name, one["code"]) for one in told["findings"]}
    assert {file for file, _ in found} == {"bad.yaml", "requirements.yaml", "peer.yaml"}
    assert ("requirements.yaml", "spec.text") in found
    assert ("peer.yaml", "device.parameter") in found
    assert all(one["line"] for one in told["findings"])
    for one in told["findings"]:
        assert f"{one['file']}:{one['line']}:{one['column']}: error: {one['text']}" in result.out
    assert f"{len(told['findings'])} errors" in result.out


def test_what_is_only_suspicious_is_exit_code_1(command: Command, failing_suite: Path) -> None:
    text = (failing_suite / "odd.yaml").read_text()
    (failing_suite / "odd.yaml").write_text(
        text.replace("    iut: [lns]\n", "    iut: [lns]\n    tags: [solw]\n")
    )
    result = command("lint", "--suites", failing_suite)
    assert result.code == 1
    assert "warning: unknown tag 'solw'" in result.out
    assert "did you mean 'slow'?" in result.out


def test_a_baseline_of_a_case_that_is_gone(command: Command) -> None:
    bng = command.folder / "bng"
    shutil.copytree(ROOT / "peers" / "reference-lns", bng)
    (bng / "baseline.yaml").write_text("- {case: gone, verdict: fail, reason: none}\n")
    result = command("lint", "--device", "./bng")
    assert result.code == 2
    assert "no case is called 'gone'" in result.out


def test_one_device_alone(command: Command) -> None:
    assert command("lint", "--device", "reference-lns", "--json").json["devices"] == 1
    result = command("lint", "--device", "reference-lnx")
    assert result.code == 2
    assert "did you mean 'reference-lns'?" in result.out


def test_a_configuration_that_no_device_has(command: Command, failing_suite: Path) -> None:
    text = (failing_suite / "odd.yaml").read_text()
    for name, code in (("authenticatd", 1), ("authenticated", 0)):
        changed = text.replace("    iut: [lns]\n", f"    iut: [lns]\n    configuration: {name}\n")
        (failing_suite / "odd.yaml").write_text(changed)
        result = command("lint", "--suites", failing_suite)
        assert result.code == code, result.out
    (failing_suite / "odd.yaml").write_text(text.replace("iut", "configuration: no-secrt\n    iut"))
    told = command("lint", "--suites", failing_suite).out
    assert "warning: no device has a configuration 'no-secrt': all skip the case" in told
    assert "did you mean 'no-secret'?" in told
    assert "1 suite, 1 case, " in told
    assert told.endswith("0 errors, 1 warning\n")


def test_a_pattern_of_a_baseline_that_fits_nothing(command: Command) -> None:
    bng = command.folder / "bng"
    shutil.copytree(ROOT / "peers" / "reference-lns", bng)
    entry = "- {case: 5.5-helo*, verdict: fail, reason: none}\n- {case: x, reason: no}\n"
    (bng / "baseline.yaml").write_text(entry)
    told = command("lint", "--device", "./bng").out
    assert "did you mean '5.5-hello*'?" in told


def test_the_schema_for_an_editor(command: Command) -> None:
    schema = command("lint", "--schema").json
    assert "step-send" in schema["$defs"]
    assert "HELLO" in str(schema)


def test_a_name_that_is_one_slip_away_from_another(command: Command) -> None:
    bng = command.folder / "bng"
    shutil.copytree(ROOT / "peers" / "cisco-ios-xe-lns", bng)
    text = (bng / "peer.yaml").read_text()
    for right, wrong in (("  authenticated:", "  authentcated:"), ("  close:", "  clsoe:")):
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    assert "l2tp id ${tunnel_id}" in text
    (bng / "peer.yaml").write_text(text.replace("l2tp id ${tunnel_id}", "l2tp id ${tunel_id}"))
    result = command("lint", "--device", "./bng", "--json")
    assert result.code == 1
    told = {(one["code"], one["hint"]) for one in result.json["findings"]}
    meant = ("authenticated", "close", "tunnel_id")
    assert told == {("lint.slip", f"did you mean {one!r}?") for one in meant}
    lines = text.splitlines()
    (place,) = [one for one in result.json["findings"] if "'clsoe'" in one["text"]]
    assert lines[place["line"] - 1].index("clsoe") + 1 == place["column"]
