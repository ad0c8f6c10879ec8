"""The trail of a document in the logs: one id in every line from the first sight to the last delivery.

A line is told only after the commit that makes it true. `grep d0123456789abcdef0123` shows where a document went:
received, read, placed, linked, alerted, delivered.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from pipeline.flow import Outcome, Reading
from pipeline.records import Event, State

log = structlog.get_logger()

MOST = 20
"""Documents named in a line about an event."""


class Trail:
    """What happened to the documents of one transaction."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, dict[str, object]]] = []
        self.events: dict[str, None] = {}
        """The events that were founded or grew."""

    def placed(self, reading: Reading, state: State, reason: str, outcome: Outcome | None) -> None:
        """A document read, placed, its event linked, and the watches that it met."""
        document, tags = reading.document, reading.tags
        companies = [company.id for company in tags.companies[:3]]
        self._note("read", document.id, language=document.language, relevant=tags.relevant, companies=companies)
        if outcome is None:
            self._note("placed", document.id, state=state.value, reason=reason)
            return
        event_id, securities = outcome.event.id, [link.security_id for link in outcome.links[:3]]
        self.events[event_id] = None
        self._note("placed", document.id, state=state.value, event_id=event_id, founds=outcome.placement.new)
        self._note("linked", document.id, event_id=event_id, links=len(outcome.links), first=securities)
        for alert in outcome.alerts:
            self._note("alerted", document.id, event_id=event_id, alert=alert.id, watch=alert.watch_id)

    def tell(self) -> None:
        """Every line, in order; call it after the commit."""
        for name, values in self._lines:
            log.info(name, **values)

    def _note(self, name: str, document: str, **values: object) -> None:
        self._lines.append((name, {"document": document} | values))


def received(source_id: str, document_ids: Sequence[str]) -> None:
    """Documents seen for the first time, in the store with their work."""
    for document_id in document_ids:
        log.info("received", document=document_id, source=source_id)


def documents_of(event: Event | None) -> list[str]:
    """The documents behind an event, for the line that tells of its delivery; the latest first."""
    return [report.document_id for report in reversed(event.reports)][:MOST] if event else []
