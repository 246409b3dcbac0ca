"""Whether a device that was just restarted serves: asked by a peer that no case knows of."""

from __future__ import annotations

import contextlib
import random
from typing import Final

from harness.peer.scripted import ScriptedPeer
from harness.run.context import CaseEndedError, Context
from harness.run.living import ANSWERS, ask
from harness.run.sending import Assembler
from harness.run.setting import Setting
from harness.spec.model import Role
from harness.suite.model import Case

PATIENCE: Final = 30.0
"""Seconds that a device has until it answers its first SCCRQ; a router takes longer to boot, and
its runner waits for that."""


async def serves(setting: Setting, case: Case) -> bool:
    """Whether an SCCRQ is answered, such as `case` would send. A LAC cannot be asked."""
    if setting.device.role is not Role.LNS:
        return True
    host, port = setting.hosts.take(0), setting.hosts.port or 0
    try:
        lease = await setting.runner.lease("serves", (host, port), case.configuration)
        peer = ScriptedPeer(setting.specification, lease.network, lambda *_: 0)
        chance = random.Random(f"{setting.seed}:serves")
        try:
            await peer.open_link("default", host, port)
            context = Context(
                case=case,
                device=setting.device,
                lease=lease,
                specification=setting.specification,
                peer=peer,
                assembler=Assembler(setting.specification, chance, setting.device.ixit.secret),
                emit=lambda _: None,
                started=setting.started,
                chance=chance,
                host=host,
                new_host=lambda: host,
                port=port,
                time_scale=setting.time_scale,
            )
            with contextlib.suppress(CaseEndedError):
                asked = await ask(context, case.place, context.scaled(PATIENCE))
                return asked.answer is not None and asked.answer.name in ANSWERS
            return False
        finally:
            peer.close()
            await setting.runner.release(lease)
    finally:
        setting.hosts.release(host)
