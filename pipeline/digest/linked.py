"""The securities that events touch: in a sentence after each event, and in a table once each, by their strongest link."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from knowledge.schema import Lens
from pipeline.digest.check import CODE
from pipeline.digest.heading import leading_actors
from pipeline.digest.ledger import Ledger
from pipeline.digest.shape import Both, Ranked, Sentence, Stock
from pipeline.digest.wording import DIRECT, ISSUER, join
from pipeline.records import CompanyTag, Link
from pipeline.text import fold

STOCKS_SHOWN = 20
STOCKS_TOLD = 5
_STRENGTH = {"high": 0, "medium": 1, "low": 2}


def touched(one: Ranked, said: Sequence[Both], ledger: Ledger, first: bool) -> Sentence | None:
    """The securities in order of strength: first those of who acts in what is `said`, then named ones, then those with a tie."""
    links = _strongest(one.links)
    if not links:
        return None
    as_of = ledger.day(max(link.as_of for link in links)).isoformat()
    zh, en = [], []
    for group, lead_zh, lead_en in _by_nearness(one, links, said, ledger):
        names = _names(group, ledger)
        if names:
            zh.append(f"{lead_zh}{names.zh}")
            en.append(f"{lead_en} {names.en}")
    if not zh:
        return None
    aside_zh = "（依据见关联标的表，关联不等于推荐）" if first else ""
    aside_en = " (evidence in the table of linked stocks; a link is no recommendation)" if first else ""
    return Sentence(
        zh=f"标的方面，截至{as_of}，{'；'.join(zh)}{aside_zh}。",
        en=f"Stocks as of {as_of}: {'; '.join(en)}{aside_en}.",
        kind="note",
    )


def _is_told(tag: CompanyTag, told: str, ledger: Ledger) -> bool:
    """Whether a company, or what showed it, is named in what an item tells."""
    row = ledger.knowledge.companies.get(tag.id)
    return any(fold(name) in told for name in (tag.quote, *(row.names if row else ())))


def _by_nearness(
    one: Ranked, links: Sequence[Link], said: Sequence[Both], ledger: Ledger
) -> list[tuple[list[Link], str, str]]:
    """Links with how they come in: listings of those who act in what is told, others whom a report names, those tied in some other way."""
    told = fold(" ".join(f"{words.zh} {words.en}" for words in said))
    acting = {tag.id for tag in leading_actors(one.event) if _is_told(tag, told, ledger)}
    passing = {tag.id for tag in one.event.companies} - (acting or {tag.id for tag in leading_actors(one.event)})
    rows = ledger.knowledge.securities
    firms = {i: rows[i].company for i in (x.security_id for x in links) if i in rows}
    own = [x for x in links if x.direct and firms.get(x.security_id) in acting]
    return [
        (own, "当事公司为", "the issuer,"),
        ([x for x in links if x.direct and x not in own], "文中另提及", "named in the reports,"),
        ([x for x in links if not x.direct and not passing.intersection(x.path[:1])], "间接关联", "tied to"),
    ]


def _names(links: Sequence[Link], ledger: Ledger) -> Both | None:
    """Securities with their codes and tie, one company's listings together, as many as a sentence bears."""
    firms: dict[str, list[Link]] = defaultdict(list)
    for link in links:
        row = ledger.knowledge.securities.get(link.security_id)
        firms[(row.company if row else None) or link.security_id].append(link)
    if not firms:
        return None
    shown = [_with_tie(group, ledger) for group in list(firms.values())[:STOCKS_TOLD]]
    more = len(firms) > STOCKS_TOLD
    return Both(
        zh=join([n.zh for n in shown], "zh") + ("等" if more else ""),
        en=", ".join(n.en for n in shown) + (" and others" if more else ""),
    )


def _with_tie(group: Sequence[Link], ledger: Ledger) -> Both:
    """One company's listings, with the kind of tie where it is an indirect one."""
    row = ledger.knowledge.securities.get(group[0].security_id)
    name = ledger.security(group[0].security_id)
    if row and row.company and len(group) > 1:
        name = ledger.company(row.company)
    for link in group[1:]:
        ledger.security(link.security_id)
    codes = [link.security_id for link in group]
    tie = None if group[0].direct else _relation(group[0], ledger)
    zh, en = (f"，{tie.zh}", f", {tie.en}") if tie else ("", "")
    return Both(zh=f"{name.zh}（{'、'.join(codes)}{zh}）", en=f"{name.en} ({', '.join(codes)}{en})")


def _relation(link: Link, ledger: Ledger) -> Both:
    kind = ledger.knowledge.relation_kinds.get(link.relation)
    if kind:
        return Both(zh=kind.name_zh, en=kind.name_en)
    return DIRECT.get(link.relation) or Both(zh=link.relation, en=link.relation)


# ---- the table ------------------------------------------------------------------------------------------------------


def stocks(
    ranked: Sequence[Ranked],
    told: Sequence[Ranked],
    lens: Lens,
    headlines: Mapping[str, Sentence],
    ledger: Ledger,
) -> tuple[tuple[Stock, ...], int]:
    """The securities that the week touches, each once, and how many more there are.

    Those that the lens prefers come first, then those that stand under its themes, then those of the events told in full;
    last those of headlines that only look at something. Among equals the strongest links lead.
    """
    full = {one.event.id for one in told}

    def standing(one: Ranked) -> int:
        looks = any(part.name == "certainty" and part.points < 0 for part in one.score.parts)
        return 0 if one.event.id in full else 2 if looks else 1

    best: dict[str, tuple[Ranked, Link]] = {}
    touched: dict[str, set[str]] = defaultdict(set)
    for one in ranked:
        for link in _strongest(one.links):
            touched[link.security_id].add(one.event.id)
            held = best.get(link.security_id)
            if held is None or (standing(one), _force(link)) < (standing(held[0]), _force(held[1])):
                best[link.security_id] = (one, link)
    themes = [t for t in lens.themes if t in ledger.knowledge.themes]
    members = {m.security for t in themes for m in ledger.knowledge.members(t, ledger.published_on)}

    def place(pair: tuple[Ranked, Link]) -> tuple[int, int, tuple[bool, int, float], float, str]:
        one, link = pair
        nearness = 0 if link.security_id in lens.prefer_stocks else 1 if link.security_id in members else 2
        return (nearness, standing(one), _force(link), -one.score.total, link.security_id)

    order = sorted(best.values(), key=place)
    rows = [
        _stock(one, link, len(touched[link.security_id]) - 1, headlines, ledger) for one, link in order[:STOCKS_SHOWN]
    ]
    return tuple(rows), max(0, len(order) - STOCKS_SHOWN)


def _strongest(links: Sequence[Link]) -> list[Link]:
    """One link a security, strongest first."""
    best: dict[str, Link] = {}
    for link in sorted(links, key=lambda x: (_force(x), x.security_id)):
        best.setdefault(link.security_id, link)
    return list(best.values())


def _force(link: Link) -> tuple[bool, int, float]:
    return (not link.direct, _STRENGTH[link.strength], -link.weight * link.confidence)


def _reason(link: Link, ledger: Ledger) -> Both:
    """Why a security is linked: in a word where its own company is, else the path of ties, whose listings are then named too."""
    for code in CODE.findall(link.reason.zh):
        if code in ledger.knowledge.securities:
            ledger.security(code)
    if not (link.direct and link.relation == "issuer"):
        return Both(zh=link.reason.zh, en=link.reason.en)
    name = ledger.security(link.security_id)
    return Both(zh=ISSUER.zh.format(name.zh), en=ISSUER.en.format(name.en))


def _stock(one: Ranked, link: Link, others: int, headlines: Mapping[str, Sentence], ledger: Ledger) -> Stock:
    return Stock(
        security_id=link.security_id,
        name=ledger.security(link.security_id),
        event_id=one.event.id,
        event=headlines[one.event.id],
        relation=_relation(link, ledger),
        direct=link.direct,
        strength=link.strength,
        reason=_reason(link, ledger),
        evidence=link.evidence,
        as_of=link.as_of,
        issuer_denied=link.issuer_denied,
        other_events=others,
    )
