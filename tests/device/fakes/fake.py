"""Devices that misbehave, each in its own way: fake.py KIND ADDRESS PORT WORK."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys


def serve(kind: str, address: str, port: int) -> None:
    """Bind, say so, and answer each datagram with itself; one that tells, with its sender."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as endpoint:
        endpoint.bind((address, port))
        if kind != "silent":
            print("serving", flush=True)
        if kind == "floods":
            flood()
        while True:
            data, sender = endpoint.recvfrom(2048)
            if kind == "crashes":
                os.kill(os.getpid(), signal.SIGSEGV)
            answer = f"{sender[0]} {sender[1]}".encode() if kind == "tells" else data
            endpoint.sendto(answer, sender)


def flood() -> None:
    """Write for ever: many lines, an endless one, terminal codes, what is no UTF-8."""
    nasty = b"\x1b[2J\x1b]0;title\x07 \xff\xfe\x00 " + b"x" * 5000 + b"\n"
    while True:
        os.write(1, b"line\n" * 1000 + nasty * 10 + b"y" * 50000)


def multiply() -> None:
    """Two children and two grandchildren in sessions of their own, deaf to polite signals."""
    counted, here = os.pipe()
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            os.fork()
            os.write(here, b".")
            while True:
                signal.pause()
    here_now = b""
    while len(here_now) < 4:
        here_now += os.read(counted, 4)


def main(kind: str, address: str, port: str, _work: str) -> None:
    """Misbehave."""
    if kind == "exits":
        print("no such luck", flush=True)
        sys.exit(3)
    if kind == "never-ready":
        print("still thinking", flush=True)
        signal.pause()
    if kind == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if kind == "family":
        multiply()
    if resource.getrlimit(resource.RLIMIT_CORE) != (0, 0):
        print("a core could be dumped", flush=True)
    serve(kind, address, int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
