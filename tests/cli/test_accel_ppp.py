"""accel-ppp by an image that the user names. No distribution here has a package of it, so the image
has a stand-in, which takes all that it serves by from the configuration that it is given.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.run.events import CaseEnd, Verdict, read_events
from tests.cli.command import Command
from tests.device.bench import require_namespaces
from tests.device.engine import require_engine, require_image

CASES = (
    "5.5-hello/acknowledged",
    "5.1.1-tunnel-authentication/challenge-answered[label=16-octets]",
)
IMAGE = "l2tp-harness/t-accel-ppp:1"
STAND_IN = r"""#!/bin/sh
# accel-pppd -c FILE, as peer.yaml calls it
[ "$#" = 2 ] && [ "$1" = -c ] || { echo "usage: accel-pppd -c FILE"; exit 2; }
work=$(dirname "$2")
key() { sed -n "s/^$1=//p" "$work/accel-ppp.conf" | tail -n 1; }
[ -s "$(key chap-secrets)" ] || { echo "no chap-secrets"; exit 3; }
cat >"$work/xl2tpd.conf" <<END
[global]
listen-addr = $(key bind)
port = $(key port)
[lns default]
ip range = 10.9.0.2-10.9.0.99
local ip = 10.9.0.1
hostname = $(key host-name)
END
echo "* * $(key secret)" >"$work/l2tp-secrets"
cd "$work" && exec xl2tpd -D -c xl2tpd.conf -s l2tp-secrets -p "$work/pid" -C "$work/control"
"""


@pytest.fixture
def image(tmp_path: Path) -> Iterator[str]:
    require_namespaces()
    base = require_image("xl2tpd-lns")
    program = tmp_path / "accel-pppd"
    program.write_text(STAND_IN)
    program.chmod(0o755)
    (tmp_path / "Dockerfile").write_text(f"FROM {base}\nCOPY accel-pppd /usr/sbin/\n")
    with contextlib.closing(require_engine()) as client:
        for said in client.build(path=str(tmp_path), tag=IMAGE, rm=True, decode=True):
            assert "error" not in said
        try:
            yield IMAGE
        finally:
            client.remove_image(IMAGE, force=True)


def test_an_image_that_the_user_names(command: Command, image: str) -> None:
    settings = {
        "launch.container.image": image,
        "launch.container.build": "null",
        # the stand-in does without PPP in the kernel
        "launch.container.devices": "[]",
        "launch.container.needs.files": "[]",
    }
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    result = command("run", "--device", "accel-ppp", *words, "--no-baseline", *CASES)
    assert "device.died-early" not in result.err
    # the secret of peer.yaml has reached it: a Challenge is answered with it
    ends = [
        one for one in read_events(Path("out/accel-ppp/events.ndjson")) if isinstance(one, CaseEnd)
    ]
    assert {one.case: one.verdict for one in ends if one.case in CASES} == dict.fromkeys(
        CASES, Verdict.PASS
    )
