"""The table of the monitors' rules: its faults are found, with their place."""

from __future__ import annotations

import pytest

from harness.errors import DataError
from harness.spec import load_specification
from harness.spec.monitor import load_rules
from tests.spec.conftest import Break


def test_a_rule_that_is_kept_speaks_only_for_rows_of_its_own(broken: Break) -> None:
    kept = "  kept: [RFC2661-3.1-04, RFC2661-3.1-02]"
    folder = broken("monitors.yaml", kept, "  kept: [RFC2661-3.1-05]")
    with pytest.raises(DataError, match=r"RFC2661-3\.1-05 is none of the rule's rows") as caught:
        load_rules(folder, load_specification(folder))
    assert caught.value.code == "monitor.kept"
    assert caught.value.place is not None
    assert caught.value.place.column == 10
