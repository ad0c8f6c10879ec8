"""The open store and desk for commands that need them: closed at the end, every error of theirs one clear line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from cli.console import Refusal
from crawlers.sources import SourcesBroken
from knowledge.load import KnowledgeInvalid
from settings import Settings
from storage.engine import Store, StoreError, open_store
from storage.secrets import place
from worker.desk import Desk, open_desk
from worker.semantics import NoEncoder


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """The installation's store."""
    with refusing():
        store = open_store(settings.store_url, place(settings.secret_key.get_secret_value(), settings.home))
        try:
            yield store
        finally:
            store.close()


@contextmanager
def opened_desk(settings: Settings) -> Iterator[Desk]:
    """The installation's desk: store, knowledge, sources."""
    with refusing():
        desk = open_desk(settings)
        try:
            yield desk
        finally:
            desk.store.close()


@contextmanager
def refusing() -> Iterator[None]:
    """Every error of store, knowledge and sources as one clear line."""
    try:
        yield
    except (StoreError, KnowledgeInvalid, SourcesBroken, NoEncoder) as error:
        raise Refusal(str(error)) from error
    except DBAPIError as error:
        first = str(error.orig or error).strip().splitlines()[0]
        raise Refusal(f"the store: {first}; `launchwatch doctor` looks closer") from error
