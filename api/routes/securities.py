"""Listed securities, and the relations that lead to them on a day."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel

from api.deps import AtDesk, now
from knowledge.schema import Relation, Security

router = APIRouter(tags=["securities"])


class SecurityWhole(BaseModel):
    """A security and what ties companies to it."""

    security: Security
    relations: list[Relation]
    as_of: date


@router.get("/securities/{security_id}")
def one_security(desk: AtDesk, security_id: str, as_of: date | None = None) -> SecurityWhole:
    """A security, with the relations valid and known on a day; today without one."""
    found = desk.knowledge.securities.get(security_id)
    if found is None:
        raise HTTPException(404, "there is no such security")
    on = as_of or now().astimezone(desk.zone).date()
    return SecurityWhole(security=found, relations=desk.knowledge.relations_to(security_id, on), as_of=on)
