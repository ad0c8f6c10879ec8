"""What a language model, where one is set, adds to readings and to a digest. Outside of any transaction, for it may be slow."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy.orm import Session

from pipeline import flow
from pipeline.digest import Digest, smoothing
from pipeline.records import Question, State
from storage import documents
from worker.desk import Desk

log = structlog.get_logger()

Reading = flow.Reading | Exception
"""A document read, or what went wrong with it."""


def advised(desk: Desk, readings: Sequence[Reading]) -> list[Reading]:
    """The readings, in their order, with what the model added and the text bore out."""
    if desk.model is None:
        return list(readings)
    with desk.store.reading() as session:
        questions = [_question(session, desk, reading) for reading in readings]
    asked = [question for question in questions if question]
    answers = iter(desk.model.ask_all(asked))
    heard = [
        _heard(desk, reading, next(answers) if question else None)
        for reading, question in zip(readings, questions, strict=True)
    ]
    taken = sum(len(reading.tags.proposed) for reading in heard if isinstance(reading, flow.Reading))
    log.info("model heard", documents=len(readings), asked=len(asked), tags_taken=taken)
    return heard


def smoothed(desk: Desk, made: Digest, old: Digest | None = None) -> Digest:
    """The issue with its sentences joined better, where the model did so and changed none of their words.

    What the draft before it said already keeps that wording and is not asked about again.
    """
    if desk.model is None:
        return made
    made = smoothing.kept(made, old)
    answers = desk.model.ask_all(smoothing.questions(made, old))
    better = smoothing.smoothed(made, answers, old)
    log.info("digest smoothed", issue=made.period.label, lens=made.lens, changed=better != made)
    return better


def _question(session: Session, desk: Desk, reading: Reading) -> Question | None:
    """What to ask about a document: nothing where its trip ends at the door, nor about old news."""
    if isinstance(reading, Exception) or reading.history:
        return None
    state, _, _ = flow.fate(reading, documents.like(session, reading.fingerprint))
    return flow.question(reading, desk.lexicon) if state is State.DONE else None


def _heard(desk: Desk, reading: Reading, answer: str | None) -> Reading:
    if answer is None or isinstance(reading, Exception):
        return reading
    return flow.read_answer(reading, answer, desk.lexicon)
