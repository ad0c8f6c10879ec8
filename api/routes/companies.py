"""Companies, as the knowledge base has them."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException

from api.deps import AtDesk
from knowledge.schema import Company

router = APIRouter(tags=["companies"])


@router.get("/companies")
def list_companies(desk: AtDesk, q: str = "") -> list[Company]:
    """Companies whose id or name holds some words; all of them without."""
    sought = q.casefold()
    return [c for c in desk.knowledge.companies.values() if any(sought in n.casefold() for n in (c.id, *c.names))]


@router.get("/companies/{company_id}")
def one_company(desk: AtDesk, company_id: str) -> Company:
    """A company under every name it goes by."""
    if company_id not in desk.knowledge.companies:
        raise HTTPException(404, "there is no such company")
    return desk.knowledge.companies[company_id]
