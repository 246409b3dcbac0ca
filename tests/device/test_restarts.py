"""Restarts of devices on the wire, and the configurations that they undo."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from harness.errors import DeviceError
from tests.device.bench import run
from tests.device.boxes import HERE, THERE, box, reference, used


def test_configurations_are_changed_by_an_action_when_nobody_else_needs_another(
    tmp_path: Path,
) -> None:
    rest = (
        'configurations: {authenticated: {challenge: "yes"}}\n'
        "actions:\n  configure: {command: \"sh -c 'echo ${configuration} ${challenge} >> done'\"}\n"
    )

    async def main() -> None:
        async with used(box(tmp_path, THERE, rest=rest), knocks=False) as runner:
            first = await runner.lease("one", None)
            second = asyncio.create_task(runner.lease("two", None, "authenticated"))
            third = await runner.lease("three", None)
            await runner.release(first)
            await asyncio.sleep(0)
            assert not second.done()
            await runner.release(third)
            await runner.release(await second)
            await runner.release(await runner.lease("four", None))

    run(main())
    assert (tmp_path / "done").read_text() == "authenticated yes\ndefault no\n"


def test_revived_by_its_action(tmp_path: Path) -> None:
    async def main() -> None:
        rest = "actions: {restart: {command: touch restarted}}\n"
        async with reference(THERE), used(box(tmp_path, THERE, rest=rest)) as runner:
            await runner.revive("box")
            assert (tmp_path / "restarted").exists()
        async with used(box(tmp_path, THERE), knocks=False) as runner:
            with pytest.raises(DeviceError) as caught:
                await runner.revive("box")
            assert caught.value.code == "device.no-restart"

    run(main())


def test_revived_and_not_back_in_time(tmp_path: Path) -> None:
    async def main() -> None:
        rest = "actions: {restart: {command: 'true'}}\n"
        device = box(tmp_path, THERE, "ready_within: 1s", rest=rest)
        async with used(device, knocks=False) as runner:
            with pytest.raises(DeviceError) as caught:
                await runner.revive("box")
            assert caught.value.code == "device.unreachable"

    run(main())


CONFIGURED = (
    'configurations: {authenticated: {challenge: "yes"}}\n'
    "actions:\n"
    "  configure: {command: \"sh -c 'echo ${configuration} ${challenge} >> done; test ! -e no'\"}\n"
    "  restart: {command: \"sh -c 'echo restarted >> done'\"}\n"
)


def test_a_restart_undoes_a_configuration(tmp_path: Path) -> None:
    """What was not saved is lost: the next case is configured for, whichever it wants."""

    async def main() -> None:
        async with reference(THERE), used(box(tmp_path, THERE, rest=CONFIGURED)) as runner:
            for wanted in ("authenticated", "authenticated", "default", "default"):
                lease = await runner.lease("case", None, wanted)
                await runner.release(lease)
                await runner.revive("box")
            lease = await runner.lease("case", None, "authenticated")
            await lease.action("restart", {})
            await runner.release(lease)
            await runner.release(await runner.lease("case", None, "authenticated"))

    run(main())
    assert (tmp_path / "done").read_text().split("restarted\n") == [
        *["authenticated yes\n"] * 2,
        *["default no\n"] * 2,
        *["authenticated yes\n"] * 2,
    ]


def test_a_configuration_that_failed_half_way_is_none(tmp_path: Path) -> None:
    async def main() -> None:
        async with used(box(tmp_path, THERE, rest=CONFIGURED), knocks=False) as runner:
            (tmp_path / "no").touch()
            with pytest.raises(DeviceError):
                await runner.lease("case", None, "authenticated")
            (tmp_path / "no").unlink()
            await runner.release(await runner.lease("case", None))

    run(main())
    assert (tmp_path / "done").read_text() == "authenticated yes\ndefault no\n"


@pytest.mark.parametrize("source", ["", ", port: 1710"], ids=["any-port", "one-port"])
def test_a_case_that_restarts_a_box_waits_for_it(tmp_path: Path, source: str) -> None:
    """It serves some time after the action, and what a case does next finds it there."""

    async def main() -> None:
        launch = f"ready_within: 30s\nsource: {{address: {HERE}{source}}}"
        rest = "actions: {restart: {command: 'true'}}\n"
        async with used(box(tmp_path, THERE, launch, rest=rest), knocks=False) as runner:
            port = runner.hosts.port or 0
            lease = await runner.lease("case", (HERE, port))
            came: list[bytes] = []
            link = await lease.network.open(lambda data, _source: came.append(data), HERE, port)
            restarting = asyncio.create_task(lease.action("restart", {}))
            await asyncio.wait((restarting,), timeout=0.3)
            assert not restarting.done()
            async with reference(THERE):
                await restarting
                link.send(b"\xc8\x02\x00\x0c\x00\x07\x00\x00\x00\x00\x00\x00", lease.address)
            assert not came  # what was asked in between is no business of the case
            link.close()
            await runner.release(lease)

    run(main())
