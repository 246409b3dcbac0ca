"""HTTP hooks and people: what they are told, and what is said when they do not do it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.errors import DeviceError
from tests.device.bench import run
from tests.device.boxes import HERE, THERE, box, used


@dataclass
class Hook:
    """A server of hooks. asked: method, path, headers and body of each request."""

    url: str = ""
    asked: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)
    hangs: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            made.asked.append((self.command, self.path, dict(self.headers), body))
            if self.path == "/hang":
                made.hangs.wait(20)
            status = int(self.path.rpartition("/")[2]) if self.path.startswith("/status/") else 200
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"outlet is on\n")
            if self.path.startswith("/status/"):
                self.wfile.write(b"-" * 250 + f" {self.path} {body}\n".encode())

        do_POST = do_PUT = do_GET = _answer  # noqa: N815 -- the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.hangs.set()
    server.shutdown()
    server.server_close()
    thread.join()


async def act(folder: Path, action: str, launch: str = "at_once: 1") -> tuple[str, ...]:
    device = box(folder, THERE, launch, rest=f"actions:\n  go:\n    {action}\n")
    async with used(device, knocks=False) as runner:
        lease = await runner.lease("case", (HERE, 1701))
        await lease.action("go", {"tunnel_id": 'a"b'})
        return lease.log()


def refused(folder: Path, action: str) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        run(act(folder, action))
    return caught.value


def test_a_structure_is_sent_as_json(tmp_path: Path, hook: Hook) -> None:
    body = '{tunnel: "${tunnel_id}", box: [1, "${address}"], on: true}'
    log = run(act(tmp_path, f'http: {{url: "{hook.url}/box/${{port}}", body: {body}}}'))
    ((method, path, headers, sent),) = hook.asked
    assert (method, path, headers["Content-Type"]) == ("POST", "/box/1701", "application/json")
    assert json.loads(sent) == {"tunnel": 'a"b', "box": [1, THERE], "on": True}
    assert log[-1] == "outlet is on"


def test_text_method_and_headers(
    tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "hunter2")
    action = (
        f'http: {{method: PUT, url: "{hook.url}/", headers: {{Authorization: "Bearer ${{token}}"}},'
        ' body: "peer=${peer_address}", expect: is on}'
    )
    run(act(tmp_path, action, "secrets: {token: HOOK_TOKEN}"))
    ((method, _, headers, sent),) = hook.asked
    assert (method, headers["Authorization"], sent) == ("PUT", "Bearer hunter2", f"peer={HERE}")


def test_hooks_that_fail(tmp_path: Path, hook: Hook) -> None:
    error = refused(tmp_path, f"http: {{url: {hook.url}/status/503}}")
    assert "was answered with 503 Service Unavailable" in error.cause
    assert "outlet is on" in error.hint
    error = refused(tmp_path, f"http: {{url: {hook.url}/, expect: 'is off'}}")
    assert "has no 'is off'" in error.cause
    error = refused(tmp_path, f"http: {{url: {hook.url}/hang}}\n    within: 200ms")
    assert "was not answered within 0.2 s" in error.cause
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = refused(tmp_path, f"http: {{url: 'http://127.0.0.1:{port}/?key=hunter2'}}")
    assert error.cause == f"go: POST http://127.0.0.1:{port}/ failed: Connection refused"


@contextlib.contextmanager
def terminal() -> Iterator[int]:
    """A terminal that the harness asks on; gives the end that a person has.

    No fixture: pytest puts its own streams in place when the test itself begins.
    """
    person, harness = pty.openpty()
    with (
        os.fdopen(harness, "r", closefd=False) as ours,
        os.fdopen(harness, "w") as told,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("sys.stdin", ours)
        patch.setattr("sys.stderr", told)
        yield person
    os.close(person)


async def answered(folder: Path, terminal: int, answer: str, within: str = "20s") -> str:
    """What is asked; and answer it."""
    loop = asyncio.get_running_loop()
    action = f'ask: "Press ${{tunnel_id}} of ${{address}}"\n    within: {within}'
    asking = asyncio.create_task(act(folder, action))
    asked = b""
    came = asyncio.Event()

    def read() -> None:
        nonlocal asked
        asked += os.read(terminal, 1000)
        if b"not possible" in asked:
            came.set()

    loop.add_reader(terminal, read)
    try:
        waiting = asyncio.create_task(came.wait())
        await asyncio.wait((waiting, asking), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if answer:
            os.write(terminal, answer.encode())
        await asking
    finally:
        loop.remove_reader(terminal)
    return asked.decode()


def test_a_person_is_asked_and_waited_for(tmp_path: Path) -> None:
    with terminal() as person:
        asked = run(answered(tmp_path, person, "\n"))
    assert f'>>> Press a"b of {THERE}' in asked


def test_a_person_who_cannot_and_one_who_does_not(tmp_path: Path) -> None:
    with terminal() as person:
        with pytest.raises(DeviceError, match="the person says that it cannot be done"):
            run(answered(tmp_path, person, "n\n"))
        with pytest.raises(DeviceError, match=r"nobody answered within 0\.2 s"):
            run(answered(tmp_path, person, "", "200ms"))


@pytest.mark.parametrize(
    ("says", "path", "told"),
    [
        (b"SSH-2.0-OpenSSH_9\r\n", "/", "speaks no HTTP, or broke off: SSH-2.0-OpenSSH_9"),
        (b"", "/", "speaks no HTTP, or broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "/", "IncompleteRead"),
        (b"", "/with a blank", "is no URL"),
    ],
)
def test_what_is_no_http(tmp_path: Path, says: bytes, path: str, told: str) -> None:
    def answer() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(says)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}{path}"
        thread = threading.Thread(target=answer)
        if " " not in path:
            thread.start()
        error = refused(tmp_path, f"http: {{url: '{url}'}}")
        if " " not in path:
            thread.join(10)
    assert error.code == "device.hook"
    assert told in error.cause
    assert error.hint


SECRET = "hunter-two-of-them"


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("command: \"sh -c 'echo first; echo no ${token} here; exit 3'\"", "no *** here"),
        ('command: "./${token}"', "no program ./***"),
        ("http: {url: 'URL/status/${token}/403'}", "/status/***/403"),
        ("http: {url: 'URL/status/403', body: 'as ${token}'}", "as ***"),
        ("http: {url: '${token} URL'}", "***"),
        ("ask: 'type ${token}'", "type ***"),
    ],
)
def test_errors_show_no_secret(
    tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch, action: str, told: str
) -> None:
    """Neither in what is told nor in the hint, and not a part of one where a text is cut."""
    monkeypatch.setenv("BOX_TOKEN", SECRET)
    action = action.replace("URL", hook.url)
    launch = (
        f"secrets: {{token: BOX_TOKEN}}\nalive: {{{action}}}"
        if "ask" not in action
        else ("secrets: {token: BOX_TOKEN}")
    )

    async def main() -> list[str]:
        device = box(tmp_path, THERE, launch, rest=f"actions:\n  go:\n    {action}\n")
        async with used(device, knocks=False) as runner:
            lease = await runner.lease("case", (HERE, 1701))
            with pytest.raises(DeviceError) as caught:
                await lease.action("go", {})
            texts = [caught.value.cause, caught.value.hint, *lease.log()]
            death = await lease.examine()
            return [*texts, *((death.reason, *death.log) if death is not None else ())]

    texts = run(main())
    assert any(told in text for text in texts), texts
    for text in texts:
        assert "hunter" not in text
    if "first" in action:
        assert "first\n" in texts[1]  # lines stay lines
