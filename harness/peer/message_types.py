"""Control message types by number (3.2), where a peer is to be scripted or varied by them."""

from __future__ import annotations

from typing import Final

SCCRQ: Final = 1
SCCRP: Final = 2
SCCCN: Final = 3
STOPCCN: Final = 4
HELLO: Final = 6
OCRQ: Final = 7
OCRP: Final = 8
OCCN: Final = 9
ICRQ: Final = 10
ICRP: Final = 11
ICCN: Final = 12
CDN: Final = 14
WEN: Final = 15
SLI: Final = 16
