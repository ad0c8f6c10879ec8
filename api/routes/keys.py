"""Keys: who may come in, and the log of who changed what. The admin's alone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import Field

from api.deps import AtDesk, now
from pipeline.records import Record
from storage import keys

router = APIRouter(tags=["keys"])


class KeyIn(Record):
    """A key to be made."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    owner: Annotated[str, Field(pattern=r"^[\w.@-]{1,100}$")]
    scope: keys.Scope = "read"


class MadeKey(Record):
    """A new key with its secret, which is shown this once."""

    key: keys.Key
    secret: str


@router.get("/keys")
def list_keys(desk: AtDesk) -> list[keys.Key]:
    """Every key that was ever made. Secrets are not kept."""
    with desk.store.reading() as session:
        return keys.all_keys(session)


@router.post("/keys", status_code=201)
def make_key(desk: AtDesk, given: KeyIn) -> MadeKey:
    """A new key: read sees, write also changes watches and digests, admin also keys."""
    with desk.store.writing() as session:
        key, secret = keys.make(session, given.name, given.owner, given.scope, now())
    return MadeKey(key=key, secret=secret)


@router.delete("/keys/{key_id}", status_code=204)
def revoke_key(desk: AtDesk, key_id: str) -> None:
    """A key that opens nothing any more, within five seconds in every process."""
    with desk.store.writing() as session:
        if not keys.revoke(session, key_id, now()):
            raise HTTPException(404, "there is no such key, or it was revoked")


@router.get("/audit")
def audit(desk: AtDesk, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> list[keys.Deed]:
    """The newest changes made over the API and the pages, newest first."""
    with desk.store.reading() as session:
        return list(keys.deeds(session, limit))
