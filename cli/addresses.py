"""The settings that say whom to tell and of which digest, looked at before anything depends on them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cli.console import Refusal
from settings import Settings
from worker.deliver import DestinationInvalid, destination


def wrong_addresses(settings: Settings, lenses: Collection[str]) -> Iterator[str]:
    """What is wrong with them, a line each, naming the variable and never a secret."""
    told = (
        ("LAUNCHWATCH_OPERATOR", [settings.operator.get_secret_value()]),
        ("LAUNCHWATCH_ALARM", settings.alarm.get_secret_value().split(",")),
        ("LAUNCHWATCH_DIGEST_TO", settings.digest_to.get_secret_value().split(",")),
    )
    for name, addresses in told:
        for address in addresses:
            try:
                if address.strip():
                    destination(address.strip())
            except DestinationInvalid as error:
                yield f"{name}: {error}"
    if settings.digest_lens not in lenses:
        known = ", ".join(lenses)
        yield f"LAUNCHWATCH_DIGEST_LENS: no lens is called {settings.digest_lens!r}; there are {known}"


def refuse_wrong_addresses(settings: Settings, lenses: Collection[str]) -> None:
    """A refusal with the first of them: nothing starts that could never tell anybody."""
    for wrong in wrong_addresses(settings, lenses):
        raise Refusal(wrong, code=2)


def alarm_addresses(settings: Settings) -> list[str]:
    """Who hears that a part is down: as set, else the operator."""
    given = settings.alarm.get_secret_value() or settings.operator.get_secret_value()
    return [address.strip() for address in given.split(",") if address.strip()]
