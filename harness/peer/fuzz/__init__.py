"""Hostile datagrams against the scripted and the reference peers: `python -m harness.peer.fuzz`.

Everything follows from a seed: episode by episode fresh peers are brought into all their states and
get datagrams that are valid, nearly valid or nothing at all. A failure names the datagram's index,
and the same seed and index bring it back.
"""
