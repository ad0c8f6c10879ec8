"""No test reaches beyond this machine: connections elsewhere, and questions to a name server, are refused.

The folder stands on PYTHONPATH during a test run: every Python process that a test starts is held to it as well.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any

_HERE = ("localhost", "localhost.", "")


class NetworkBlocked(RuntimeError):
    """A test was about to leave this machine. Not an OSError: code that expects a broken line must not hide it."""

    def __init__(self, target: object) -> None:
        super().__init__(f"tests stay on this machine; refused: {target!r}")


def refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: raises NetworkBlocked for a connection, a datagram or a look-up that leads elsewhere."""
    if event in ("socket.connect", "socket.sendto"):
        _refuse_address(arguments[0].family, arguments[1])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        _refuse_name(arguments[0])


def is_loopback(host: str) -> bool:
    """Whether an address, written as digits, is this machine's own."""
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return host in _HERE[:2]


def _refuse_address(family: int, address: Any) -> None:
    if family in (socket.AF_INET, socket.AF_INET6) and not is_loopback(str(address[0])):
        raise NetworkBlocked(address)


def _refuse_name(host: str | bytes | None) -> None:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host or ""
    if name in _HERE or name == socket.gethostname():
        return
    try:
        ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        raise NetworkBlocked(name) from None


for _name in ("sitecustomize", "tests.offline.sitecustomize"):
    sys.modules.setdefault(_name, sys.modules[__name__])  # one module under both names, so that its error is one class
sys.addaudithook(refuse_network)
