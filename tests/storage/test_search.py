from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text

from pipeline.query import plain
from pipeline.records import CompanyTag, Modalities, ProductTag, SecurityTag
from pipeline.text import TOKENIZER_VERSION, tokens
from storage import documents, events, finding, search
from storage.engine import Store
from tests.factories import make_event, make_report
from tests.storage.factories import DAY, MINUTE, NOW, finish, make_link, make_raw, make_tags, take

TEXTS = {
    "kimi": "Kimi智能助手支持200万字超长无损上下文，月之暗面开启内测",
    "sora": "Open-Sora 1.0 全面开源：类Sora架构视频生成模型",
    "chip": "英伟达发布Blackwell芯片 B200，训练性能提升4倍",
    "report": "公司发布财报：开放合作，源头创新，营收增长",
    "english": "NVIDIA unveils the Blackwell B200 GPU; open source models follow",
    "traditional": "輝達發布新晶片，開源模型受惠",
    "odd": "It's a \\ \"quote\" & (paren) | 'x':* <-> café naïve C++ .NET",
}


@pytest.fixture
def filled(store: Store) -> Store:
    with store.writing() as session:
        for number, (name, title) in enumerate(TEXTS.items()):
            search.index(session, "event", name, NOW + number * MINUTE, tokens(title), [], [f"co_{name}"])
    return store


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("开源", {"sora", "traditional"}),
        ("开", {"sora", "traditional", "kimi", "report"}),
        ("源", {"sora", "traditional", "report"}),
        ("开源模型", {"traditional"}),
        ("財報", {"report"}),
        ("片", {"chip", "traditional"}),
        ("B200", {"chip", "english"}),
        ("b200 芯片", {"chip"}),
        ("Ｂ２００", {"chip", "english"}),
        ("Open-Sora", {"sora"}),
        ("open source", {"english"}),
        ("源开", set()),
        ("200万字", {"kimi"}),
        ("blackwell芯", {"chip"}),
        ("café", {"odd"}),
        ("cafe", set()),
        ("it's", {"odd"}),
        ("no such words", set()),
        ("!!! ...", set()),
        ('" OR 1=1 --', set()),
        ("'", set()),
    ],
)
def test_words_find_what_holds_them(filled: Store, query: str, expected: set[str]) -> None:
    with filled.reading() as session:
        assert {hit.subject for hit in finding.find(session, plain(query))} == expected


@pytest.mark.parametrize("name", TEXTS)
def test_every_piece_of_chinese_is_found_as_a_substring_would_be(filled: Store, name: str) -> None:
    title = TEXTS[name]
    pieces = {title[i : i + size] for size in (1, 2, 3, 4) for i in range(len(title) - size + 1)}
    pure = sorted(piece for piece in pieces if all("一" <= c <= "鿿" for c in piece))
    with filled.reading() as session:
        missed = [piece for piece in pure if name not in {h.subject for h in finding.find(session, plain(piece))}]
    assert missed == []


def test_no_words_give_the_newest(filled: Store) -> None:
    with filled.reading() as session:
        hits = finding.find(session, plain(""), limit=2)
    assert [(hit.subject, hit.when) for hit in hits] == [("odd", NOW + 6 * MINUTE), ("traditional", NOW + 5 * MINUTE)]


def test_tags_kinds_and_times_narrow_the_search(filled: Store) -> None:
    with filled.writing() as session:
        search.index(session, "document", "d1", NOW, tokens("开源"), [], ["co_sora", "k_document"])

        def found(*tags: tuple[str, str], kind: search.Kind | None = None, **given: datetime) -> set[str]:
            return {hit.subject for hit in finding.find(session, plain("开源", *tags, **given), kind=kind)}

        assert found(("co", "sora")) == {"sora", "d1"}
        assert found(("co", "sora"), kind="document") == {"d1"}
        assert found(("co", "sora"), ("co", "kimi")) == set()
        assert found(since=NOW + MINUTE, until=NOW + 5 * MINUTE) == {"sora"}
        assert {h.subject for h in finding.find(session, plain("", ("co", "sora")))} == {"sora", "d1"}


def test_a_title_counts_more_than_a_text_and_of_like_answers_the_newer_comes_first(store: Store) -> None:
    def index(name: str, when: datetime, title: str, body: str) -> None:
        search.index(session, "event", name, when, tokens(title), tokens(body), [])

    with store.writing() as session:
        index("text", NOW, "新闻", "开源")
        index("title", NOW, "开源", "新闻")
        index("often", NOW, "开源", "开源 开源 开源")
        index("old", NOW - 60 * DAY, "开源", "开源 开源 开源")
        assert [h.subject for h in finding.find(session, plain("开源"))] == ["often", "title", "old", "text"]


def test_indexing_again_replaces_the_words(store: Store) -> None:
    with store.writing() as session:
        for title, when in (("开源", NOW), ("闭源", NOW), ("闭源", NOW - DAY)):
            search.index(session, "event", "e1", when, tokens(title), tokens("共同"), [])
        assert finding.find(session, plain("开源")) == []
        assert [h.when for h in finding.find(session, plain("闭源"))] == [NOW - DAY]
        assert search.counts(session) == {"event": 1}


def test_what_was_removed_is_not_found(store: Store) -> None:
    with store.writing() as session:
        search.index(session, "event", "e1", NOW, tokens("开源"), [], [])
        assert search.remove(session, "event", "e1")
        assert not search.remove(session, "event", "e1")
        assert finding.find(session, plain("开源")) == []


def test_the_index_goes_with_the_transaction(store: Store) -> None:
    with store.writing() as session:
        nested = session.begin_nested()
        search.index(session, "event", "e1", NOW, tokens("开源"), [], [])
        nested.rollback()
    with store.reading() as session:
        assert finding.find(session, plain("开源")) == []
        assert search.counts(session) == {}


def test_many_rows_of_one_second_all_have_a_place(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "hash_of", lambda *_: (1 << 20) - 3)
    with store.writing() as session:
        for number in range(9):
            search.index(session, "event", f"e{number}", NOW, tokens("开源"), [], [])
        hits = finding.find(session, plain("开源"))
    assert {hit.subject for hit in hits} == {f"e{number}" for number in range(9)}
    assert {hit.when for hit in hits} == {NOW}


def test_texts_longer_than_any_index_takes_are_cut(store: Store) -> None:
    body = ["字词"] * 20_000 + ["末尾"]
    with store.writing() as session:
        search.index(session, "event", "e1", NOW, ["x" * 5000], body, [])
        assert [h.subject for h in finding.find(session, plain("x" * 5000))] == ["e1"]
        assert len(finding.find(session, plain("字词"))) == 1


def test_an_event_is_found_by_titles_reports_quotes_and_tags(store: Store) -> None:
    event = make_event(
        "moonshot-ai",
        title_zh="Kimi支持200万字",
        title_en="Kimi reads two million characters",
        products=(ProductTag(name="Kimi", id="kimi", family="kimi", quote="Kimi 智能助手"),),
        securities=(SecurityTag(id="300364.SZ", quote="中文在线"),),
        modalities=Modalities(input=("text",), output=("text",)),
        reports=(make_report(title="月之暗面升级上下文"),),
        event_type="model_update",
    )
    with store.writing() as session:
        events.save(session, event)
        events.save_links(session, event.id, [make_link(event.id, "603533.SH")], NOW)
        search.index_event(session, event)
        for query in ("200万字", "million", "月之暗面", "智能助手", "中文在线"):
            assert [h.subject for h in finding.find(session, plain(query))] == [event.id], query
        tags = [("co", "moonshot-ai"), ("pr", "Kimi"), ("mod", "text"), ("type", "model_update")]
        tags += [("st", "300364.SZ"), ("st", "603533.SH")]
        assert len(finding.find(session, plain("", *tags), kind="event")) == 1
        assert finding.find(session, plain("characters kimi支持")) != []
        assert finding.find(session, plain("字月之")) == []


def test_rows_of_an_earlier_tokenizer_are_written_anew(store: Store) -> None:
    event = make_event("openai", title_zh="开源模型")
    with store.writing() as session:
        events.save(session, event)
        search.index_event(session, event)
        taken = take(session, make_raw(1, title="开源文件"))
        finish(session, taken)
        tags = make_tags(taken.document.id, companies=(CompanyTag(id="openai", relevance=9, quote="OpenAI"),))
        search.index_document(session, taken.document, tags)
        search.index(session, "event", "gone", NOW, tokens("开源"), [], [])
        session.execute(text("UPDATE search_rows SET version = 0"))
        assert search.reindex(session) == 3
        assert search.reindex(session) == 0
        hits = {hit.subject for hit in finding.find(session, plain("开源"))}
    assert hits == {event.id, taken.document.id}
    assert TOKENIZER_VERSION > 0


def test_both_stores_rank_alike(sqlite_url: str, postgres_url: str) -> None:
    from storage.engine import open_store

    found = []
    for url in (sqlite_url, postgres_url):
        store = open_store(url)
        with store.writing() as session:
            for number in range(400):
                words = [list(TEXTS.values())[number % 7], list(TEXTS.values())[number % 5]]
                body = tokens(" ".join(words) * (number % 3 + 1))
                search.index(session, "event", f"e{number}", NOW - number * DAY / 7, tokens(words[0]), body, [])
            found.append([finding.find(session, plain(q), limit=400) for q in ("开源", "b200", "发布 开", "模型")])
        store.close()
    assert found[0] == found[1]
    assert all(found[0])


def test_the_documents_door_and_search_stand_together(store: Store) -> None:
    with store.writing() as session:
        taken = take(session, make_raw(1, title="新模型"))
        finish(session, taken)
        search.index_document(session, taken.document, taken.tags)
    with store.reading() as session:
        (hit,) = finding.find(session, plain("新模型"), kind="document")
        assert documents.get(session, hit.subject) == taken.document
