"""The founding week as records: what the first weekly report tells of Kimi and Open-Sora, in words of our own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache

from knowledge.index import KnowledgeBase
from knowledge.load import load
from pipeline.digest import Ranked, Week
from pipeline.records import (
    CompanyTag,
    Event,
    EventFact,
    Link,
    Modalities,
    ProductTag,
    Reason,
    Report,
    Score,
    ScorePart,
    ThemeMatch,
)

ZONE = "Asia/Shanghai"
WEEK = Week.parse("2024-W12", ZONE)
MADE_AT = datetime(2024, 3, 25, 1, 30, tzinfo=UTC)


@cache
def knowledge() -> KnowledgeBase:
    """The reviewed knowledge base of the repository, read once."""
    return load()


def at(day: int, hour: int = 4, month: int = 3) -> datetime:
    """A moment of 2024, in UTC."""
    return datetime(2024, month, day, hour, tzinfo=UTC)


def report(
    document_id: str, title: str, when: datetime, name: str = "晨间科技", tier: int = 2, language: str = "zh"
) -> Report:
    """A report that was published and seen at one moment."""
    return Report(
        document_id=document_id,
        source_id=name,
        source_name=name,
        tier=tier,
        url=f"https://example.com/{document_id}",
        title=title,
        language=language,
        published_at=when,
        first_seen_at=when,
    )


def context(
    value: int, quote: str, subject: str, document_id: str, product: str | None = None, **given: object
) -> EventFact:
    """A context length in characters."""
    fields = {"kind": "context_length", "value": value, "unit": "characters", "quote": quote, "subject": subject}
    return EventFact.model_validate({**fields, "product": product, "document_id": document_id, **given})


def kimi() -> Event:
    """Kimi's closed test of two million characters, with what held before and what rivals have."""
    return Event(
        id="ev-kimi",
        title_zh="月之暗面Kimi智能助手启动200万字无损上下文内测",
        title_en="Moonshot AI opens closed test of Kimi with 2 million Chinese characters of context",
        event_type="model_update",
        occurred_on=date(2024, 3, 18),
        published_at=at(18),
        first_seen_at=at(18),
        companies=(CompanyTag(id="moonshot-ai", relevance=95, role="actor", quote="月之暗面"),),
        products=(
            ProductTag(
                name="Kimi", id="kimi", family="kimi", company="moonshot-ai", relevance=95, quote="Kimi智能助手"
            ),
        ),
        modalities=Modalities(input=("text",), output=("text",)),
        layer="large_model",
        facts=(
            context(2_000_000, "无损上下文长度提升到200万字", "Kimi", "k1", "kimi"),
            context(200_000, "2023年10月刚发布时支持20万字", "Kimi", "k1", "kimi", comparison=True, as_of="2023-10"),
            context(80_000, "Claude-100k约8万字", "Claude-100k", "k1", "claude", comparison=True, qualifier="about"),
            context(25_000, "GPT-4-32k约2.5万字", "GPT-4-32k", "k1", "gpt-4", comparison=True, qualifier="about"),
        ),
        reports=(
            report("k1", "月之暗面Kimi智能助手启动200万字无损上下文内测", at(18)),
            report("k2", "Kimi opens test of 2 million characters", at(19), "Model Post", language="en"),
        ),
        heat=2.0,
    )


def open_sora() -> Event:
    """Open-Sora 1.0, opened with its weights and its training."""
    facts = (
        ("training_speedup", 1.55, "times", "64帧、512x512视频训练加速1.55倍", "Colossal-AI", "colossal-ai"),
        ("frame_count", 64, "frames", "64帧、512x512视频", "Open-Sora", "open-sora"),
        ("resolution", "512x512", "px", "64帧、512x512视频", "Open-Sora", "open-sora"),
        ("training_stages", 3, "stages", "训练分3个阶段", "Open-Sora", "open-sora"),
        ("video_duration", 60, "s", "单台服务器可训练1分钟的1080p视频", "Open-Sora", "open-sora"),
    )
    return Event(
        id="ev-open-sora",
        title_zh="Colossal-AI团队开源类Sora视频模型Open-Sora 1.0",
        event_type="open_source_release",
        occurred_on=date(2024, 3, 18),
        published_at=at(18, 8),
        first_seen_at=at(18, 9),
        companies=(CompanyTag(id="hpc-ai", relevance=90, role="actor", quote="Colossal-AI团队"),),
        products=(
            ProductTag(
                name="Open-Sora", id="open-sora", version="1.0", company="hpc-ai", relevance=90, quote="Open-Sora 1.0"
            ),
            ProductTag(name="Colossal-AI", id="colossal-ai", company="hpc-ai", relevance=60, quote="Colossal-AI"),
        ),
        modalities=Modalities(input=("text",), output=("video",)),
        facts=tuple(
            EventFact.model_validate(
                {"kind": k, "value": v, "unit": u, "quote": q, "subject": s, "product": p, "document_id": "o1"}
            )
            for k, v, u, q, s, p in facts
        ),
        reports=(report("o1", "Colossal-AI团队开源类Sora视频模型Open-Sora 1.0", at(18, 8), "潞晨科技", tier=1),),
        heat=1.0,
    )


def resignation() -> Event:
    """A people move told in English only."""
    return Event(
        id="ev-resign",
        title_en="Stability AI chief executive Emad Mostaque resigns",
        event_type="people_move",
        published_at=at(23),
        first_seen_at=at(23),
        companies=(CompanyTag(id="stability-ai", relevance=90, role="actor", quote="Stability AI"),),
        reports=(
            report("r1", "Stability AI chief executive Emad Mostaque resigns", at(23), "Model Post", language="en"),
        ),
    )


def rumour() -> Event:
    """Something nobody has confirmed."""
    return Event(
        id="ev-rumour",
        title_zh="消息称苹果正与谷歌商谈在手机中使用Gemini",
        event_type="partnership",
        certainty="rumour",
        published_at=at(19),
        first_seen_at=at(19),
        companies=(CompanyTag(id="apple", relevance=90, role="actor", quote="苹果"),),
        reports=(report("a1", "消息称苹果正与谷歌商谈在手机中使用Gemini", at(19)),),
    )


def conference() -> Event:
    """An event that names a coming day."""
    return Event(
        id="ev-conference",
        title_zh="苹果宣布全球开发者大会将于6月10日举行",
        event_type="product_launch",
        published_at=at(22),
        first_seen_at=at(22),
        companies=(CompanyTag(id="apple", relevance=90, role="actor", quote="苹果"),),
        reports=(report("c1", "苹果宣布全球开发者大会将于6月10日举行", at(22)),),
    )


def link(event_id: str, security_id: str, **given: object) -> Link:
    """A concept link of middling strength with a reason in both languages."""
    fields = {
        "event_id": event_id,
        "security_id": security_id,
        "direct": False,
        "relation": "concept",
        "weight": 0.3,
        "strength": "medium",
        "confidence": 0.4,
        "path": ("moonshot-ai", f"moonshot-ai/concept/{security_id}/kimi"),
        "reason": Reason(zh="Kimi概念：小说语料", en="Kimi concept: fiction corpus"),
        "evidence": ("https://example.com/concept",),
        "as_of": date(2024, 3, 24),
    }
    return Link.model_validate({**fields, **given})


def ranked(event: Event, total: float, themes: tuple[str, ...] = (), links: tuple[Link, ...] = ()) -> Ranked:
    """An event under the media lens with a score and the themes it triggers."""
    matches = tuple(ThemeMatch(theme_id=t, reason=Reason(zh="模态符合", en="its modality fits")) for t in themes)
    part = ScorePart(name="all", points=total, why=Reason(zh="测试", en="test"))
    score = Score(event_id=event.id, lens="media", total=total, parts=(part,), themes=matches)
    return Ranked(event=event, links=links, score=score)


def founding_week() -> list[Ranked]:
    """The week's events in no particular order."""
    kimi_links = (link("ev-kimi", "300364.SZ"), link("ev-kimi", "603533.SH", strength="low"))
    return [
        ranked(rumour(), 40, ("ai",)),
        ranked(
            open_sora(),
            80,
            ("film-tv-new-mode", "ai-content-ip-copyright"),
            (link("ev-open-sora", "300133.SZ", strength="low"),),
        ),
        ranked(
            kimi(),
            90,
            ("ai-text-virtual-human", "ai-content-ip-copyright", "film-tv-new-mode", "sector-publishing"),
            kimi_links,
        ),
        ranked(resignation(), 30),
        ranked(conference(), 20),
    ]
