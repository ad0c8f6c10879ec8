"""The pages: what an analyst keeps open. Each file has the pages of one noun; all are shown by `showing.py`."""

from fastapi import APIRouter

from api.pages import entry, event, finder, live, running, subjects, telling, watching, week
from api.pages.problems import problem_page

__all__ = ["problem_page", "router"]

router = APIRouter()
for _part in (week, live, event, finder, subjects, watching, telling, running, entry):
    router.routes.extend(_part.router.routes)
