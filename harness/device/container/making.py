"""Making a container: what is the same for one that a case has to itself and one of a whole run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.device.container.engine import Engine
from harness.device.description.device import Device
from harness.device.description.launch import ContainerLaunch
from harness.peer.network import Address


@dataclass(frozen=True, slots=True)
class Recipe:
    """What all containers of a run are made of.

    user: who its programs are, None: whom the image names. labels: whose it is.
    """

    device: Device
    launch: ContainerLaunch
    engine: Engine
    image: str
    user: str | None
    labels: Mapping[str, str]

    def create(
        self,
        argv: Sequence[str],
        folder: Path,
        *,
        environment: Mapping[str, str],
        stand_ins: Sequence[tuple[Path, Path]] = (),
        labels: Mapping[str, str] | None = None,
        published: Address | None = None,
        core: bool = False,
        init: bool = True,
    ) -> Any:
        """Have the engine make one, which is not started. Runs in a thread.

        folder: the same inside as outside, and where the program begins. published: where its
        port is reached. core: whether programs may leave core dumps. init: whether a first process
        reaps what the program leaves.
        """
        import docker.types

        client, launch = self.engine.client, self.launch
        here, device = str(folder), str(self.device.folder.resolve())
        mounts = [
            docker.types.Mount(here, here, type="bind"),
            docker.types.Mount(device, device, type="bind", read_only=True),
            *(
                docker.types.Mount(str(target), str(source), type="bind")
                for source, target in stand_ins
            ),
        ]
        network = None if launch.published else "host" if launch.host else "none"
        port = published[1] if published else 0
        cores = [docker.types.Ulimit(name="core", soft=-1, hard=-1)] if core else None
        return client.create_container(
            self.image,
            entrypoint=list(argv[:1]),
            command=list(argv[1:]),
            environment=dict(environment),
            working_dir=here,
            user=self.user,
            labels={**self.labels, **(labels or {})},
            ports=[(port, "udp")] if published else None,
            host_config=client.create_host_config(
                mounts=mounts,
                network_mode=network,
                port_bindings={f"{port}/udp": published} if published else None,
                cap_add=list(launch.capabilities),
                devices=[f"{one}:{one}:rwm" for one in launch.devices],
                init=init,
                ulimits=cores,
                log_config=docker.types.LogConfig(type="none"),
            ),
        )
