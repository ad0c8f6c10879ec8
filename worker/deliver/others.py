"""Channels that are not ours, through the optional package apprise: an allow-list of them, each with its vendor's own fixed host.

Apprise says only whether it believes to have delivered, and believed refusals of four vendors; so its yes is no proof.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module
from typing import Any

from pipeline.destination import APPRISE
from pipeline.records import Alert
from worker.deliver import wording
from worker.deliver.outcome import Outcome, Refused, Sent, Unknown

MOST_CHARACTERS = 2000

Check = Callable[[str], object]
"""The guard's look at an address; raises OSError for a host that may not be reached."""


def send(alert: Alert, address: str, check: Check, *, repeat: bool = False) -> Outcome:
    """Tell one destination. `check` has to let its vendor's host pass before anything is sent."""
    try:
        apprise = import_module("apprise")
    except ImportError:
        return Refused("this channel needs the package apprise: `pip install launchwatch[apprise]`", retry=False)
    logging.getLogger("apprise").disabled = True  # it writes addresses with their tokens
    channel = address.partition(":")[0]
    try:
        check(APPRISE[channel])
    except OSError as error:
        return Refused(f"the host of {channel} may not be reached, or is not known: {error}", retry=True, down=True)
    found: Any = apprise.Apprise.instantiate(address, suppress_exceptions=True)
    if found is None:
        return Refused(f"apprise does not understand this {channel} address", retry=False)
    title, lines = wording.lines(alert, repeat=repeat)
    parts = [*(wording.safe(line, wording.wide) for line in lines), alert.id]
    told = found.notify(title=wording.wide(title), body=wording.fit(parts, MOST_CHARACTERS, len), body_format="text")
    if told:
        return Sent("delivered? apprise says so; the vendor's own answer is not known")
    return Unknown("apprise did not deliver, or does not know: it hides the vendor's answer")
