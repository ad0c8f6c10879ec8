"""What is new: changes for incremental pulls, a stream of them, and bulk tables for a study."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Header, HTTPException, Query, Response
from fastapi.responses import StreamingResponse

from api.deps import AtDesk, now
from api.stream import changes, next_mark, open_stream, read_mark
from pipeline.records import Event, Record
from storage.export import COLUMNS, as_csv, rows

router = APIRouter(tags=["changes"])

MOST_DAYS = 400
CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"


class Changes(Record):
    """Events that are new or gained a report, oldest change first."""

    events: tuple[Event, ...]
    next: str
    """What to send as `since` for what comes after these."""


@router.get("/changes")
def list_changes(
    desk: AtDesk,
    since: Annotated[str, Query(description="The `next` of the last answer, or a time: 2024-03-18T00:00:00Z.")],
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> Changes:
    """Events that this installation first saw, or saw more of, after a time.

    None is ever passed over; one that changes again, or changed in the last half minute, comes again.
    """
    found = changes(desk, read_mark(since), limit)
    return Changes(events=tuple(event for event, _ in found), next=next_mark(found, since, limit, now()))


@router.get("/stream", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
def stream_events(desk: AtDesk, last_event_id: Annotated[str, Header()] = "") -> StreamingResponse:
    """Server-Sent Events: each new or changed event as it comes. `Last-Event-ID` brings what was missed."""
    return open_stream(desk, last_event_id, "event", Event.model_dump_json)


@router.get("/export", response_class=Response, responses={200: {"content": {CSV: {}, PARQUET: {}}}})
def export(
    desk: AtDesk,
    start: Annotated[
        datetime, Query(alias="from", description="The first moment; a day in the report's zone will do.")
    ],
    end: Annotated[datetime, Query(alias="to", description="The moment after the last.")],
    as_of: Annotated[datetime | None, Query(description="Only what was seen and linked by then.")] = None,
    format: Literal["csv", "parquet"] = "csv",
) -> Response:
    """Events x linked securities with the times of publication, first sight and knowing the link: a bulk table for a study."""
    first, last, known_by = map(desk.zoned, (start, end, as_of))
    if first is None or last is None or not first < last <= first + timedelta(days=MOST_DAYS):
        raise ValueError(f"from, to: a time of at most {MOST_DAYS} days, the first before the last")
    found = rows(desk.store, first, last, known_by)
    if format == "csv":
        return Response(as_csv(found), media_type=f"{CSV}; charset=utf-8")
    try:
        from storage.parquet import as_parquet
    except ImportError as error:
        raise HTTPException(501, "Parquet needs pyarrow here: install the extra launchwatch[parquet]") from error
    return Response(as_parquet(found, COLUMNS), media_type=PARQUET)
