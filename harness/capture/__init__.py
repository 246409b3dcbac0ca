"""Captures from anywhere: read, decoded, and judged by the monitors.

Between `run` and `spec`: it needs the tables and the judge, and nothing that sends packets.
"""

from __future__ import annotations

from harness.capture.check import CheckOptions, CheckResult, check_capture
from harness.capture.result import as_json, as_text

__all__ = ["CheckOptions", "CheckResult", "as_json", "as_text", "check_capture"]
