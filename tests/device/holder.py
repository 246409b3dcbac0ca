"""A harness to be killed: leases a device, says what it has, and waits.

python -m tests.device.holder DEVICE COUNT [forever]
"""

from __future__ import annotations

import asyncio
import sys

from harness.device import load_device
from harness.errors import HarnessError
from tests.device.bench import FAKES, PEERS, opened


async def main(name: str, count: int, forever: bool) -> None:
    """Print the isolation, then the address of each lease, one a line."""
    folder = FAKES / name if (FAKES / name).is_dir() else PEERS / name
    overrides = {"launch.process.binary": sys.executable} if folder.parent == FAKES else {}
    async with opened(load_device(folder, overrides)) as runner:
        print(runner.isolation, flush=True)
        for number in range(count):
            lease = await runner.lease(f"case {number}", ("127.0.0.1", 1701))
            print(lease.address[0], flush=True)
        print("ready", flush=True)
        if forever:
            await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1], int(sys.argv[2]), "forever" in sys.argv))
    except HarnessError as error:
        print(error, flush=True)
        sys.exit(error.exit_code)
