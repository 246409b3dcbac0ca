"""One session of netmiko: whether it still lives, reading to its end, and hanging up.

A session ends without our doing: after a time of idleness, with a restart of the device, by its
operator. That says nothing about the device, which is asked for another one.
"""

from __future__ import annotations

import logging
import re
import select
import time
from typing import Any

LONGEST_OUTPUT = 200_000


def prompt_of(session: Any) -> re.Pattern[str]:
    """The prompt of a session at the end of what it says, in any mode."""
    return re.compile(re.escape(session.base_prompt) + r"\S{0,20}(?: ?[>#$%])?\s*$")


def has_ended(session: Any) -> bool:
    """Whether the other side has ended it, and all that came before has been read."""
    connection = session.remote_conn
    if connection is None:
        return True
    transport = connection.get_transport() if hasattr(connection, "get_transport") else None
    over = (
        getattr(connection, "closed", False)
        or getattr(connection, "eof_received", False)
        or getattr(connection, "eof", False)  # of Telnet
        or (transport is not None and not transport.is_active())
    )
    return bool(over) and not (hasattr(connection, "recv_ready") and connection.recv_ready())


def read(session: Any) -> tuple[str, bool]:
    """What has come, and whether that was the end."""
    import netmiko

    try:
        told = str(session.read_channel())
    except (EOFError, OSError, netmiko.ReadException):
        return "", True
    return told, has_ended(session)


def comes_to_prompt(session: Any, within: float) -> bool:
    """Whether it shows its prompt when nothing but Enter is pressed; nothing is typed.

    The end of a connection is seldom told by a device that has lost its power, and never by a
    serial line, where somebody else's login may be waiting.
    """
    deadline = time.monotonic() + within
    _, ended = read(session)
    if ended:
        return False
    try:
        session.write_channel(session.RETURN)
    except OSError:
        return False
    prompt = prompt_of(session)
    output = ""
    while len(output) < LONGEST_OUTPUT:
        told, ended = read(session)
        output += told
        if prompt.search(output):
            return True
        if ended or not more(session, deadline):
            return False
    return False


def more(session: Any, deadline: float) -> bool:
    """Wait until something can be read, or the session ends; False when neither comes in time.

    Its connection is one of SSH, Telnet or a serial port: all have a file descriptor.
    """
    if has_ended(session):
        return True
    poller = select.poll()  # not select.select: a run may have more than 1,024 descriptors
    poller.register(session.remote_conn, select.POLLIN)
    return bool(poller.poll(max(0.0, deadline - time.monotonic()) * 1000))


def hang_up(session: Any) -> None:
    """Give it up as it is, without a word."""
    for connection in (session.remote_conn, getattr(session, "remote_conn_pre", None)):
        try:
            if connection is not None:
                connection.close()
        except Exception as error:  # noqa: BLE001 -- it is over: whatever it says comes too late
            logging.getLogger(__name__).debug("hanging up: %s", error)


def log_out(session: Any) -> None:
    """Leave it as a person would."""
    try:
        session.disconnect()
    except Exception as error:  # noqa: BLE001 -- it is being left: whatever it says comes too late
        logging.getLogger(__name__).debug("leaving a command line: %s", error)
