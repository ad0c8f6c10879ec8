"""Echo: an event that tells again of a release of which a watch was told under another event. Only what it adds is news.

Reports of one release may found several events: in another language, under another headline, each with a name of its own.
Clustering keeps events apart where it is not sure; nobody wants to be told twice of what came out once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from pipeline.records import CompanyTag, Event, ProductTag
from pipeline.watching import ABOUT, is_about

LATELY = timedelta(hours=48)
"""How long a release is the same news; what is said of it later is something else."""

TOLD_SINCE = 2 * LATELY
"""An event that was told then was published at most as long before we saw it as news stays news."""

RELEASES = frozenset({"model_release", "open_source_release", "product_launch"})

Subject = tuple[str, str | None]
"""What came out: the company's own name for it, and the version, where one is told."""


class Told(NamedTuple):
    """An event, and the watches that were told of it."""

    event: Event
    watch_ids: frozenset[str]


def is_echo(event: Event, told: Event) -> bool:
    """Whether an event is about what came out in one that was told before, and about no other release."""
    apart = abs(event.first_seen_at - told.first_seen_at)
    found = released(told)
    if found is None or event.id == told.id or apart > LATELY or event.event_type not in RELEASES:
        return False
    if event.event_type_quote:
        return _leading(event.products) == found
    company = next(tag.company for tag in told.products if _subject(tag) == found)
    ours = {_subject(tag) for tag in event.products if tag.relevance >= ABOUT and tag.company == company}
    return ours == {found} and any(tag.id == company and _acts(tag) for tag in event.companies)


def released(event: Event) -> Subject | None:
    """What came out in an event that says so in words and is the first of its chain; None for any other."""
    if event.event_type not in RELEASES or not event.event_type_quote or event.follows:
        return None
    found = _leading(event.products)
    owners = {tag.company for tag in event.products if _subject(tag) == found}
    return found if any(tag.id in owners and _acts(tag) for tag in event.companies) else None


def names(event: Event) -> list[str]:
    """Under which of its products an event that may be an echo is to be looked for; none where it cannot be one."""
    if event.event_type not in RELEASES:
        return []
    about = {tag.id for tag in event.companies if is_about(tag)}
    ours = [tag for tag in event.products if tag.relevance >= ABOUT and tag.company in about]
    return list(dict.fromkeys(_subject(tag)[0] for tag in ours))


def _leading(products: tuple[ProductTag, ...]) -> Subject | None:
    """The product that an event is about most, where it is about one."""
    best = max(products, key=lambda tag: tag.relevance, default=None)
    return _subject(best) if best and best.relevance >= ABOUT else None


def _subject(tag: ProductTag) -> Subject:
    return (tag.id or tag.family or tag.name).casefold(), tag.version


def _acts(tag: CompanyTag) -> bool:
    return tag.role == "actor"
