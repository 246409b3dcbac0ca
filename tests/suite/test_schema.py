"""The JSON Schema is one, takes whatever loads, and refuses plain mistakes."""

from __future__ import annotations

import importlib
import json
from functools import cache
from typing import Any

import pytest

from harness.suite.grammar import CASE_KEYS
from harness.suite.schema import suite_schema
from harness.suite.step_keys import STEPS
from tests.suite.reading import CAPABILITIES, ROOT, blocks, errors_of, in_case, plain, table

PAGE = (ROOT / "suites" / "README.md").read_text(encoding="utf-8")
HEAD = "title: Sample\nspec: rfc2661\ncases:\n"
EXAMPLES = [
    *blocks(PAGE, "suite"),
    *(HEAD + "".join(f"  {line}\n" for line in text.splitlines()) for text in blocks(PAGE, "case")),
    *(in_case(text + "- alive:\n") for text in blocks(PAGE, "steps")),
    (ROOT / "tests" / "suite" / "data" / "sample.yaml").read_text(encoding="utf-8"),
]


@cache
def validator() -> Any:
    jsonschema = importlib.import_module("jsonschema")
    return jsonschema.Draft202012Validator(suite_schema(table(), CAPABILITIES))


def test_it_is_a_schema_and_plain_json() -> None:
    schema = suite_schema(table(), CAPABILITIES)
    validator().check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    steps = {one["$ref"] for one in schema["$defs"]["steps"]["items"]["oneOf"]}
    assert steps == {f"#/$defs/step-{name}" for name in STEPS}
    assert set(schema["$defs"]["case"]["properties"]) == set(CASE_KEYS)


@pytest.mark.parametrize("text", EXAMPLES)
def test_whatever_loads_is_valid(text: str) -> None:
    assert not errors_of(text)
    assert [error.message for error in validator().iter_errors(plain(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        "title: x",
        HEAD,
        HEAD + "  one: {purpose: x, steps: [], case: 1}",
        in_case("- sned: SCCRQ"),
        in_case("- send: SCCQR"),
        in_case("- send: SCCRQ\n  set: {hostname: x}"),
        in_case("- send: SCCRQ\n  set: {result_code: {rslt: 1}}"),
        in_case("- send: SCCRQ\n  where: {}"),
        in_case("- expect: SCCRP\n  where: {host_name: {ni: [a]}}"),
        in_case("- expect: SCCRP\n  header: {sn: 1}"),
        in_case("- expect: [{message: SCCRP, verdict: bad}]"),
        in_case("- silence: soon"),
        in_case("- establish: tunel"),
        in_case("- link: {drop: 0}"),
        in_case("- alive:", "requires: [nothing]"),
        in_case("- alive:", "iut: [lnss]").replace("    iut: [lns]\n", "", 1),
        in_case("- alive:", "each: {a: {rnge: [1, 2]}}"),
        in_case("- alive:", "policy: P21"),
    ],
)
def test_mistakes_are_refused(text: str) -> None:
    assert errors_of(text)
    assert not validator().is_valid(plain(text))
