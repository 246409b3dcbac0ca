"""A conformance test harness for L2TP (RFC 2661)."""

__version__ = "0.1.0"
