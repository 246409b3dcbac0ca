"""A run under a vendor's profile says which rows were judged by which table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.device.reading.load import load_device
from harness.report.coverage import RunRecord, cover, read_run
from harness.report.evidence import row_line
from harness.run.events import Header, Row, from_json, read_events, to_json
from harness.run.run import Options, run
from harness.spec import Specification
from tests.coverage.conftest import TABLES

PEERS = TABLES.parents[1] / "peers"
CALL_OUT = "5.2.2-outgoing-call/call-comes-up"
REQUEST = "RFC2661-6.9-OCRQ-called_number"  # who sends OCRQ is another in the vendor's table
ORDER = "RFC2661-5.2.2-01"  # the order of the three is the same


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the reference LNS as a device of the vendor."""
    folder = tmp_path_factory.mktemp("vendor")
    device = replace(load_device(PEERS / "reference-lns", {}), profile="ip-office")
    run(Options(device=device, selection=[CALL_OUT], out=folder, suites=TABLES.parent))
    return folder


@pytest.fixture(scope="module")
def header(out: Path) -> Header:
    first = next(iter(read_events(out / "events.ndjson")))
    assert isinstance(first, Header)
    return first


@pytest.fixture(scope="module")
def record(out: Path) -> RunRecord:
    return read_run(out)


def test_the_header_has_the_table_of_each_row(header: Header) -> None:
    assert header.specification == "ip-office"
    assert header.rows[REQUEST].table == "ip-office"
    assert header.rows[ORDER].table == "rfc2661"


def test_reports_print_it_where_there_are_several(header: Header) -> None:
    assert "as ip-office has it" in row_line(REQUEST, header.rows)
    assert "as rfc2661 has it" in row_line(ORDER, header.rows)
    alone = {ORDER: header.rows[ORDER]}
    assert "has it" not in row_line(ORDER, alone)


def test_coverage_of_the_rfc_takes_only_what_the_rfc_judged(
    record: RunRecord, spec: Specification, vendor: Specification
) -> None:
    assert set(record.by_table) == {"ip-office", "rfc2661"}
    assert cover(spec, [record]).rows[ORDER].cells
    assert not cover(spec, [record]).rows[REQUEST].cells
    assert cover(vendor, [record]).rows[ORDER].cells


def test_a_stream_without_tables_is_read_as_before(header: Header) -> None:
    old = replace(header, rows={ORDER: Row("5.2.2", "implied", "text")})
    data = to_json(old)
    del data["rows"][ORDER]["table"]
    assert from_json(data) == old
