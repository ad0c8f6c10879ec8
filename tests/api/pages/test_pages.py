"""What the pages say and do: answers marked, figures beside rivals, watches tried and kept by their owners, keys made."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import datetime

import pytest
from starlette.requests import Request

from api import stream
from api.deps import Desk
from api.pages import live
from api.pages.showing import outside, pieces, policy
from pipeline.records import Event
from storage import alert_history, events, keys, outbox, watches
from tests.api.pages.conftest import KEY, NOW, Room
from tests.factories import make_alert, make_event, make_watch


def test_an_answer_is_marked_and_its_facets_narrow_it_down(room: Room) -> None:
    page = room.client.get("/search", params={"q": "Kimi 上下文", "lang": "zh"}).text
    assert "<mark>Kimi</mark>" in page
    assert "<mark>上下文</mark>" in page
    assert "/search?q=Kimi+%E4%B8%8A%E4%B8%8B%E6%96%87+company%3Amoonshot-ai&amp;order=relevance" in page
    narrowed = room.client.get("/search", params={"q": "Kimi company:moonshot-ai"}).text
    assert 'aria-current="true"' in narrowed


def test_a_question_that_cannot_be_read_says_so_beside_the_box(room: Room) -> None:
    answer = room.client.get("/search", params={"q": "type:nonsense Kimi", "lang": "en"})
    assert answer.status_code == 422
    assert "type:nonsense is not known" in answer.text
    assert 'value="type:nonsense Kimi"' in answer.text


def test_where_nothing_holds_every_word_the_page_says_that_it_shows_some(room: Room) -> None:
    page = room.client.get("/search", params={"q": "Kimi zzzzz", "lang": "en"}).text
    assert "these hold some of them" in page
    assert "/events/e1" in page


def test_a_search_becomes_a_watch_with_its_names_and_words_in_their_fields(room: Room) -> None:
    page = room.client.get("/watches/new", params={"q": "company:月之暗面 type:model_update 上下文"}).text
    assert 'name="companies" value="moonshot-ai"' in page
    assert 'name="words" value="上下文"' in page
    assert re.search(r'value="model_update"\s+checked', page)


def test_an_event_shows_conflicts_quotes_rivals_the_path_and_its_score(room: Room) -> None:
    page = room.client.get("/events/e1", params={"lang": "en"}).text
    assert page.count("reports differ") == 2
    assert "<q>one million characters</q>" in page
    assert "for comparison" in page
    assert '<a class="node" href="/companies/moonshot-ai">' in page
    assert "investor" in page
    assert "+12.0" in page
    assert 'href="javascript' not in page.lower()


def test_the_figures_of_rivals_stand_in_one_chart_that_says_itself_in_words(room: Room) -> None:
    with room.app.state.desk.store.writing() as session:
        [fact, _, _] = (events.get(session, "e1") or make_event()).facts
        dated = {"first_seen_at": NOW, "published_at": NOW, "event_type": "model_update"}
        plain = (fact.model_copy(update={"conflict": False, "document_id": "d1"}),)
        events.save(session, make_event("moonshot-ai", id="e3", title_zh="Kimi 200 万字", facts=plain, **dated))
    page = room.client.get("/products", params={"lang": "en"}).text
    label = re.search(r'aria-label="(context length: [^"]*)"', page)
    assert label
    assert "Kimi" in label[1]
    assert "Qwen" in label[1]
    assert "<b>Kimi</b> 2 million Chinese characters" in page
    assert "/events/e3" in room.client.get("/products/qwen").text


def test_a_watch_is_tried_kept_changed_paused_and_removed(room: Room) -> None:
    form = {"csrf": room.csrf, "name": "Long contexts", "companies": "月之暗面", "event_types": "model_update"}
    tried = room.client.post("/watches/form", data=form | {"do": "try", "lang": "en"})
    assert tried.status_code == 200
    assert room.client.get("/watches/long-contexts").status_code == 404
    assert room.client.post("/watches/form", data=form | {"do": "keep"}).headers["location"] == "/watches"
    again = room.client.post("/watches/form", data=form | {"do": "keep"})
    assert again.status_code == 422
    assert 'value="Long contexts"' in again.text
    changed = form | {"id": "long-contexts", "minimum_importance": "40", "do": "keep"}
    assert room.client.post("/watches/form", data=changed).status_code == 303
    assert room.client.post("/watches/long-contexts/pause", data={"csrf": form["csrf"]}).status_code == 303
    with room.app.state.desk.store.reading() as session:
        kept = watches.get(session, "long-contexts")
    assert kept is not None
    assert (kept.companies, kept.minimum_importance, kept.paused) == (("moonshot-ai",), 40, True)
    assert room.client.post("/watches/long-contexts/remove", data={"csrf": form["csrf"]}).status_code == 303
    assert room.client.get("/watches/long-contexts").status_code == 404


def test_a_form_of_another_site_changes_nothing(room: Room) -> None:
    for path in ("/watches/form", "/watches/w1/remove", "/admin/keys", "/alerts/alert_1/deliveries/1/replay", "/leave"):
        answer = room.client.post(path, data={"name": "x", "do": "keep"})
        assert answer.status_code == 403, path
        assert answer.headers["content-type"].startswith("text/html")


def test_a_reader_sees_own_watches_and_alerts_and_no_admin(room: Room) -> None:
    store = room.app.state.desk.store
    with store.writing() as session:
        _, secret = keys.make(session, "ben", "ben", "read", NOW)
        watches.save(session, make_watch(id="bens", name="Ben's own", owner="ben"))
        watches.save_alert(session, make_alert(id="alert_ben", watch_id="bens", title="Told to Ben"))
    ben = type(room.client)(room.app, headers={"Authorization": f"Bearer {secret}", "accept": "text/html"})
    page = ben.get("/watches").text
    assert "Ben&#39;s own" in page
    assert "/watches/w1" not in page
    assert ben.get("/watches/w1").status_code == 404
    assert ben.get("/alerts/alert_1").status_code == 404
    assert "Told to Ben" in ben.get("/alerts").text
    assert "alert_1" not in ben.get("/alerts?watch=w1").text
    assert "/admin" not in page
    assert ben.get("/admin").status_code == 403
    assert ben.post("/watches/form", data={"do": "keep"}).status_code == 403


def test_a_dead_delivery_is_sent_again_from_its_alert(room: Room) -> None:
    store = room.app.state.desk.store
    with store.writing() as session:
        [told] = alert_history.told(session, [watches.alert(session, "alert_5") or make_alert()])
        number = told.deliveries[0].id
    url = f"/alerts/alert_5/deliveries/{number}/replay"
    assert room.client.post(url, data={"csrf": room.csrf}).status_code == 409
    with store.writing() as session:
        session.connection().exec_driver_sql(f"UPDATE deliveries SET state = 'dead' WHERE id = {number}")
    assert "/replay" in room.client.get("/alerts/alert_5").text
    assert room.client.post(url, data={"csrf": room.csrf}).status_code == 303
    with store.reading() as session:
        assert [d.state for d in outbox.recent(session, limit=100) if d.id == number] != ["dead"]


def test_a_key_is_shown_once_and_revoked(room: Room) -> None:
    made = room.client.post("/admin/keys", data={"csrf": room.csrf, "name": "desk", "owner": "carl", "scope": "read"})
    [secret] = re.findall(r"<code>(lw_[\w-]{20,})</code>", made.text)
    assert secret not in room.client.get("/admin").text
    with room.app.state.desk.store.reading() as session:
        [key] = [each for each in keys.all_keys(session) if each.owner == "carl"]
    assert room.client.post(f"/admin/keys/{key.id}/revoke", data={"csrf": room.csrf}).status_code == 303
    wrong = room.client.post("/admin/keys", data={"csrf": room.csrf, "name": "", "owner": "a b", "scope": "all"})
    assert wrong.status_code == 422


def test_what_goes_wrong_is_a_page_for_people_and_json_for_programs(room: Room) -> None:
    page = room.client.get("/events/nothing", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert '<p role="alert"' in page.text
    told = room.client.get("/v1/events/nothing")
    assert told.headers["content-type"] == "application/problem+json"


def test_each_answer_has_its_own_nonce_and_no_eval(room: Room) -> None:
    policies = {room.client.get("/events").headers["content-security-policy"] for _ in range(3)}
    assert len(policies) == 3
    assert all("unsafe" not in one and "script-src 'nonce-" in one for one in policies)
    assert "unsafe" not in policy("x")


def test_rows_that_were_missed_come_before_what_happens_next(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    event = make_event("openai", id="e9", title_en="<b>New</b>", first_seen_at=NOW)
    asked: list[datetime] = []

    def missed(desk: Desk, since: datetime, limit: int) -> list[tuple[Event, str]]:
        asked.append(since)
        return [(event, "2024-03-18T00:00:00+00:00~e9")]

    async def first_two() -> list[str]:
        told = live.live_stream(_asking(room), room.app.state.desk, NOW.isoformat()).body_iterator
        messages = aiter(told)
        return [str(await anext(messages)), str(await anext(messages))]

    monkeypatch.setattr(stream, "changes", missed)
    opening, message = asyncio.run(first_two())
    assert opening.startswith("retry: ")
    assert message.startswith("id: 2024-03-18T00:00:00+00:00~e9\nevent: row\n")
    row = json.loads(message.split("data: ")[1])
    assert row["id"] == "e9"
    assert "&lt;b&gt;New&lt;/b&gt;" in row["html"]
    assert asked == [NOW]


@pytest.mark.parametrize("url", ["javascript:x", "data:text/html,x", "//example.com", "http://[", "https:", None, ""])
def test_an_address_that_is_no_web_page_s_is_no_link(url: str | None) -> None:
    assert outside(url) is None


def test_a_marked_text_is_whole() -> None:
    cut = pieces("Kimi 上下文", [(0, 4), (5, 8)])
    assert cut == [("Kimi", True), (" ", False), ("上下文", True)]


def _asking(room: Room) -> Request:
    scope = {"type": "http", "method": "GET", "path": "/live/stream", "query_string": b"lang=en", "app": room.app}
    headers = [(b"cookie", f"launchwatch_key={KEY}".encode())]
    return Request(scope | {"headers": headers, "scheme": "http", "server": ("127.0.0.1", 80)})
