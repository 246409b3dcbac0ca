"""Devices on the wire, which somebody else has started."""
