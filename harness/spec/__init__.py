"""What the specification says: its tables as frozen values, and what they ask of a device."""

from harness.spec.load import load_specification
from harness.spec.model import (
    AvpSpec,
    ErrorCode,
    Level,
    MessageSpec,
    Requirement,
    ResultCode,
    Role,
    Specification,
    StateRow,
    ValueFinding,
)
from harness.spec.values import ValueRule

__all__ = [
    "AvpSpec",
    "ErrorCode",
    "Level",
    "MessageSpec",
    "Requirement",
    "ResultCode",
    "Role",
    "Specification",
    "StateRow",
    "ValueFinding",
    "ValueRule",
    "load_specification",
]
