"""`launchwatch replay --from`: what today's rules would make of a time's documents, shown before it is taken over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import typer

from cli.console import Refusal, complain, day, now, print_lines, progress
from cli.store import opened_desk
from pipeline.records import State
from pipeline.replay import Changes, Seat
from settings import Settings
from storage import documents
from worker.replay import ENDED, StoreMovedOn, rehearse, take


def again_from(settings: Settings, start: str, to: str, is_taken: bool, as_json: bool) -> None:
    """The change that a replay would make, printed; and made, if it is taken over."""
    since, until = day(start, settings.zone, "--from"), day(to, settings.zone, "--to")
    assert since is not None, "--from was given"
    if until is not None and until <= since:
        raise Refusal("--to must lie after --from", code=2)
    with opened_desk(settings) as desk:
        with desk.store.reading() as session:
            many = len(documents.filed_between(session, since, until, ENDED))
        with progress("reading again", many) as advance:
            replayed = rehearse(desk, since, until, advance)
        if as_json:
            print_lines(_lines(replayed.changes))
        else:
            typer.echo("\n".join(_told(replayed.changes)))
        if not is_taken:
            complain("nothing was changed; --take puts this in place of what stands")
            return
        try:
            take(desk, replayed, since, until, now())
        except StoreMovedOn as error:
            raise Refusal(str(error)) from error
        complain("taken over")


def _lines(changes: Changes) -> Iterator[dict[str, Any]]:
    for moved in changes.moved:
        yield {"change": "document"} | moved.model_dump(mode="json")
    for event in changes.appear:
        yield {"change": "event appears", "event": event.model_dump(mode="json")}
    for gone in changes.vanish:
        yield {"change": "event vanishes"} | gone.model_dump(mode="json")
    for differ in changes.differ:
        yield {"change": "event differs"} | differ.model_dump(mode="json")
    yield {"change": "counts"} | _counts(changes)


def _counts(changes: Changes) -> dict[str, int]:
    return {
        "documents": changes.documents,
        "documents_moved": len(changes.moved),
        "events_before": changes.events_before,
        "events_after": changes.events_after,
        "events_appear": len(changes.appear),
        "events_vanish": len(changes.vanish),
        "events_differ": len(changes.differ),
    }


def _told(changes: Changes) -> Iterator[str]:
    for moved in changes.moved:
        yield f"document  {moved.document_id}  {_where(moved.before)} -> {_where(moved.after)}  {moved.title}"
    for event in changes.appear:
        yield f"appears   {event.id}  {event.title('zh')}"
    for gone in changes.vanish:
        yield f"vanishes  {gone.event_id}  {'-> ' + gone.leads_to if gone.leads_to else ''}  {gone.title}"
    for differ in changes.differ:
        yield f"differs   {differ.event_id}  {differ.title}"
        for name, (before, after) in differ.fields.items():
            yield f"            {name}: {_difference(before, after)}"
    yield "  ".join(f"{name.replace('_', ' ')} {count}" for name, count in _counts(changes).items())


def _where(seat: Seat) -> str:
    if seat.state is State.DONE:
        return seat.event_id or "no event"
    return f"{seat.state.value} of {seat.duplicate_of}" if seat.duplicate_of else seat.state.value


def _difference(before: Any, after: Any) -> str:
    """What went and came of a list; of anything else both values."""
    if not isinstance(before, list):
        return f"{json.dumps(before, ensure_ascii=False)} -> {json.dumps(after, ensure_ascii=False)}"
    went, came = [f"-{x}" for x in before if x not in after], [f"+{x}" for x in after if x not in before]
    return ", ".join([*went, *came]) or "another order"
