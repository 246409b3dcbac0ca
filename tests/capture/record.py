"""Records tests/capture/data anew: real xl2tpd LACs and LNSs on loopback, seen by tcpdump.

    python tests/capture/record.py        (root; Debian packages xl2tpd, slirp, tcpdump)

Each scenario starts its own daemons on its own loopback addresses, in a private mount namespace in
which slirp stands in for pppd, and ends them by their process ids. What is recorded differs from
time to time in ids, ports and times only.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"
LNS = "127.41.7.1"
LAC = "127.41.7.2"
SECONDS = 60.0
"""Seconds that anything may take before a recording is given up."""

LNS_CONFIG = """\
[global]
listen-addr = {address}
port = 1701
force userspace = yes
debug tunnel = yes
debug state = yes

[lns default]
hostname = lns.example
ip range = 10.41.0.2-10.41.0.99
local ip = 10.41.0.1
require authentication = no
length bit = {length_bit}
challenge = {challenge}
hidden bit = no
"""

LAC_CONFIG = """\
[global]
listen-addr = {address}
port = 1701
force userspace = yes
debug tunnel = yes
debug state = yes

[lac peer]
lns = {lns}:1701
hostname = lac.example
require authentication = no
redial = no
length bit = {length_bit}
challenge = {challenge}
hidden bit = no
"""


PPPD = {
    "lns": "#!/bin/sh\nexec slirp-fullbolt -P\n",
    # slirp speaks only when spoken to: this asks for a link, again and again (RFC 1661, 1662)
    "lac": """\
#!/usr/bin/python3
import os, select, tty
tty.setraw(0)
request = bytes.fromhex("ff03c0210101000a0506aabbccdd")
check = 0xFFFF
for octet in request:
    check ^= octet
    for _ in range(8):
        check = check >> 1 ^ (0x8408 if check & 1 else 0)
check ^= 0xFFFF
octets = request + check.to_bytes(2, "little")
frame = b"".join(
    bytes((125, octet ^ 32)) if octet < 32 or octet in (125, 126) else bytes((octet,))
    for octet in octets
)
while True:
    os.write(1, b"~" + frame + b"~")
    while select.select([0], [], [], 0.5)[0]:
        if not os.read(0, 4096):
            raise SystemExit
""",
}


class Daemon:
    """One xl2tpd with files of its own."""

    def __init__(self, folder: Path, name: str, config: str, secret: str | None) -> None:
        self.folder = folder / name
        self.folder.mkdir()
        (self.folder / "xl2tpd.conf").write_text(config)
        (self.folder / "secrets").write_text(f"* * {secret}\n" if secret else "")
        pppd = self.folder / "pppd"
        pppd.write_text(PPPD[name])
        pppd.chmod(0o755)
        command = (
            "mount --make-rprivate / && "
            f"mount --bind {pppd} /usr/sbin/pppd && "
            f"exec xl2tpd -D -c {self.folder}/xl2tpd.conf -s {self.folder}/secrets"
            f" -p {self.folder}/pid -C {self.folder}/control"
        )
        self.process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.log = ""

    def wait_for(self, text: str) -> None:
        """Until the daemon prints this, behind what it was waited for last."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + SECONDS
        while text not in self.log:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise SystemExit(f"{text!r} did not come, but:\n{self.log}")
            octets = os.read(self.process.stdout.fileno(), 65536)
            if not octets:
                raise SystemExit(f"the daemon ended:\n{self.log}")
            self.log += octets.decode(errors="replace")
        self.log = self.log.partition(text)[2]

    def control(self, line: str) -> None:
        """Write a line to its FIFO."""
        (self.folder / "control").write_text(line + "\n")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it and what it has started."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


@contextmanager
def tcpdump(path: Path, interface: str) -> Iterator[Callable[[str, int], None]]:
    """Capture on an interface; gives a function that waits for a number of packets of a kind."""
    process = subprocess.Popen(
        ["tcpdump", "-i", interface, "-U", "-s", "0", "-w", str(path), "net", "127.41.7.0/24"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "listening on" not in process.stderr.readline():
        if process.poll() is not None:
            raise SystemExit("tcpdump does not run; it needs root")

    def wait_for(what: str, count: int) -> None:
        deadline = time.monotonic() + SECONDS
        seen = ""
        while time.monotonic() < deadline:
            seen = subprocess.run(
                ["tcpdump", "-n", "-r", str(path)], capture_output=True, text=True, check=False
            ).stdout
            if seen.count(what) >= count:
                return
            select.select([], [], [], 0.1)
        raise SystemExit(f"{count} of {what!r} did not come, but:\n{seen}")

    try:
        yield wait_for
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(10)


Act = Callable[["Scene"], None]


@dataclass
class Scene:
    """What a scenario acts on. `seen`: waits for packets of which tcpdump prints this text."""

    lac: Daemon
    lns: Daemon | None
    seen: Callable[[str, int], None]


def record(
    name: str,
    act: Act,
    *,
    challenge: str = "no",
    secrets: tuple[str, str] = ("secret", "secret"),
    length_bit: str = "yes",
    with_lns: bool = True,
    interface: str = "lo",
) -> None:
    """Record one conversation into data/NAME.pcap. `secrets`: of the LAC and of the LNS."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        capture = folder / "capture.pcap"
        with ExitStack() as stack:
            seen = stack.enter_context(tcpdump(capture, interface))
            values = {"challenge": challenge, "length_bit": length_bit, "lns": LNS}
            lns = None
            if with_lns:
                lns = Daemon(folder, "lns", LNS_CONFIG.format(address=LNS, **values), secrets[1])
                stack.callback(lns.stop)
                lns.wait_for("Listening on")
            lac = Daemon(folder, "lac", LAC_CONFIG.format(address=LAC, **values), secrets[0])
            stack.callback(lac.stop)
            lac.wait_for("Listening on")
            act(Scene(lac, lns, seen))
        DATA.mkdir(exist_ok=True)
        shutil.copy(capture, DATA / f"{name}.pcap")
        print(f"{name}: {(DATA / f'{name}.pcap').stat().st_size} octets")


def call_and_hang_up(scene: Scene) -> None:
    """A tunnel, a call, LCP between slirp and slirp, and a StopCCN of the LAC."""
    scene.lac.control("c peer")
    scene.lac.wait_for("Call established with")
    scene.seen("LCP", 3)
    scene.lac.control("d peer")
    scene.seen("StopCCN", 1)
    scene.seen("Nr=5", 1)


def shut_down_by_the_lns(scene: Scene) -> None:
    """The LNS ends with a StopCCN for each tunnel."""
    assert scene.lns is not None
    scene.lac.control("c peer")
    scene.lac.wait_for("Call established with")
    scene.lns.process.send_signal(signal.SIGINT)
    scene.seen("StopCCN", 1)


def refused(scene: Scene) -> None:
    """The secrets differ, and the tunnel is refused."""
    scene.lac.control("c peer")
    scene.seen("StopCCN", 1)


def unanswered(scene: Scene) -> None:
    """Nobody answers the SCCRQ: it is sent five times."""
    scene.lac.control("c peer")
    scene.seen("SCCRQ", 5)


SCENARIOS: Mapping[str, Callable[[str], None]] = {
    "xl2tpd-call": lambda name: record(name, call_and_hang_up),
    "xl2tpd-call-any": lambda name: record(name, call_and_hang_up, interface="any"),
    "xl2tpd-call-without-length": lambda name: record(name, call_and_hang_up, length_bit="no"),
    "xl2tpd-authenticated": lambda name: record(name, call_and_hang_up, challenge="yes"),
    "xl2tpd-refused": lambda name: record(
        name, refused, challenge="yes", secrets=("secret", "other")
    ),
    "xl2tpd-shut-down": lambda name: record(name, shut_down_by_the_lns),
    "xl2tpd-unanswered": lambda name: record(name, unanswered, with_lns=False),
}


def main() -> None:
    """Record everything, or the scenarios that are named."""
    missing = [one for one in ("xl2tpd", "tcpdump", "slirp-fullbolt") if not shutil.which(one)]
    if missing:
        sys.exit(f"missing: {', '.join(missing)}; apt-get install xl2tpd slirp tcpdump")
    for name in sys.argv[1:] or SCENARIOS:
        SCENARIOS[name](name)


if __name__ == "__main__":
    main()
