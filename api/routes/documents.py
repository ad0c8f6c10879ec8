"""Documents: what was collected, and where the trip of each ended."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException

from api.deps import AtDesk
from api.unchanged import Tagged
from pipeline.records import Document, Fact, Record, Tags
from storage import documents

router = APIRouter(tags=["documents"], route_class=Tagged)


class DocumentWhole(Record):
    """A document with what it was tagged with, and where its trip ended."""

    document: Document
    fate: documents.Fate | None
    tags: Tags | None
    facts: tuple[Fact, ...]


@router.get("/documents/counts")
def counts(desk: AtDesk) -> dict[str, int]:
    """How many documents are in each state."""
    with desk.store.reading() as session:
        return {state.value: count for state, count in documents.counts_by_state(session).items()}


@router.get("/documents/{document_id}")
def one_document(desk: AtDesk, document_id: str) -> DocumentWhole:
    """A document, its tags, its facts and its fate."""
    with desk.store.reading() as session:
        document = documents.get(session, document_id)
        if document is None:
            raise HTTPException(404, "there is no such document")
        return DocumentWhole(
            document=document,
            fate=documents.fate(session, document_id),
            tags=documents.tags_of(session, document_id),
            facts=documents.facts_of(session, document_id),
        )
