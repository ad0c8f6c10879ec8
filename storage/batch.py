"""A transaction that takes many documents: what each decided is seen by those after it, and written in few statements.

Only what clustering must find at once is written as it is decided: an event that was founded, and its sketch. All else
waits for `flush`, where a statement serves all documents. Nothing is kept from one transaction to the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from pipeline.echo import Told
from pipeline.records import Document, Event, Fingerprint, Link, Score, Sketch, State
from storage import documents, events, likenesses, search, settling, watches
from storage.documents import Finished
from storage.likenesses import Mark

TOLD_LIMIT = 60
"""Events looked at where a new one may be an echo of one of them: of a product that all talk of, the newest."""


class Settled(NamedTuple):
    """An event as it is now, with what follows for it."""

    event: Event
    links: tuple[Link, ...]
    scores: tuple[Score, ...]


class Batch:
    """The store as a batch of documents sees and changes it, inside the caller's transaction."""

    def __init__(self, session: Session, now: datetime, document_ids: Sequence[str], prints: Sequence[Fingerprint]):
        self.session = session
        self.now = now
        self.seats = documents.seats_of(session, document_ids)
        """Which of the documents sit in an event already."""
        self._marked = likenesses.known(session, (mark for one in prints for mark in likenesses.hashes(one)))
        self._forget()

    def like(self, fingerprint: Fingerprint) -> list[Document]:
        """Finished documents that share a hash with a fingerprint, newest first, those of this batch among them."""
        hashes = likenesses.hashes(fingerprint)
        stored = likenesses.under(self.session, [key for key in hashes if key in self._marked])
        ours = [mark for key in hashes for mark in self._marks.get(key, ())]
        if not (stored or ours):
            return []
        ids = likenesses.newest([*stored, *ours], documents.LIKE_LIMIT)
        found = {one.id: one for one in documents.several(self.session, [k for k in ids if k not in self._read])}
        found |= self._read
        return [found[key] for key in ids if key in found]

    def event(self, event_id: str) -> Event | None:
        """An event as it is now."""
        settled = self._settled.get(event_id)
        return settled.event if settled else events.get(self.session, event_id)

    def told(self, products: Collection[str], since: datetime) -> list[Told]:
        """Events of some products filed since a time of which watches were told, the newest first, as they are now."""
        keys = {settling.key_of(f"product:{name}") for name in products}
        ours = [key for key, one in self._settled.items() if keys & settling.tags_of(one.event)]
        ids = dict.fromkeys([*ours, *events.filed_under(self.session, keys, since, TOLD_LIMIT)]) if keys else {}
        heard = watches.told_of(self.session, list(ids))
        found = ((self.event(key), heard[key]) for key in ids if key in heard)
        return [Told(event, watch_ids) for event, watch_ids in found if event]

    def settle(self, settled: Settled, sketch: Sketch | None, is_new: bool) -> None:
        """An event founded or grown; with a sketch it is found by clustering from now on."""
        event = settled.event
        if is_new or sketch is not None:
            settling.write_bodies(self.session, [event])
            self._written[event.id] = event
        if sketch is not None:
            events.save_sketch(self.session, event, sketch, is_new)
        self._settled[event.id] = settled

    def finish(self, ended: Finished) -> None:
        """A document's trip ended."""
        self._finished.append(ended)
        if ended.state is State.DONE:
            self._read[ended.document.id] = ended.document
            for mark in likenesses.marks(ended.document, ended.fingerprint):
                self._marks[mark.hash].append(mark)

    def flush(self) -> None:
        """Everything decided so far in the store."""
        if self._finished:
            documents.finish_all(self.session, self._finished, self.now)
        self._write_events([one.event for one in self._settled.values()])
        search.index_all(self.session, [*self._findable_documents(), *self._findable_events()])
        self._marked |= set(self._marks)
        self._forget()

    def _forget(self) -> None:
        self._finished: list[Finished] = []
        self._read: dict[str, Document] = {}
        self._marks: defaultdict[bytes, list[Mark]] = defaultdict(list)
        self._settled: dict[str, Settled] = {}
        self._written: dict[str, Event] = {}

    def _write_events(self, changed: Sequence[Event]) -> None:
        if not changed:
            return
        settling.write_bodies(self.session, [one for one in changed if self._written.get(one.id) is not one])
        settling.write_links(self.session, {key: one.links for key, one in self._settled.items()}, self.now)
        wanted = {
            key: settling.tags_of(one.event) | settling.linked_tags(one.links) for key, one in self._settled.items()
        }
        settling.write_tags(self.session, {one.id: one.when for one in changed}, wanted)
        settling.write_scores(self.session, [score for one in self._settled.values() for score in one.scores])

    def _findable_documents(self) -> list[search.Entry]:
        done = [one for one in self._finished if one.state is State.DONE]
        return [search.entry_of_document(one.document, one.tags) for one in done]

    def _findable_events(self) -> list[search.Entry]:
        shown = [one for one in self._settled.values() if not one.event.is_noise]
        return [search.entry_of_event(one.event, {link.security_id for link in one.links}) for one in shown]
