"""What is wrong with a watch as a person typed it: names that nobody knows, with those that were perhaps meant."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from difflib import get_close_matches

from knowledge.index import KnowledgeBase
from pipeline.destination import DestinationInvalid, destination
from pipeline.records import Watch
from pipeline.text import fold


def faults(watch: Watch, knowledge: KnowledgeBase) -> list[str]:
    """Each fault on a line that names the field, the value and what to write instead; none for a sound watch."""
    return list(_faults(watch, knowledge))


def _faults(watch: Watch, knowledge: KnowledgeBase) -> Iterator[str]:
    layers = {layer.id for layer in knowledge.framework.layers}
    modalities = {modality.id for modality in knowledge.taxonomy.modalities}
    yield from _unknown("company", watch.companies, knowledge.companies, _named(knowledge.companies, watch.companies))
    yield from _unknown("product", watch.products, knowledge.products, _named(knowledge.products, watch.products))
    yield from _unknown("modality", watch.modalities, modalities)
    yield from _unknown("type", watch.event_types, knowledge.event_types)
    yield from _unknown("layer", watch.layers, layers)
    yield from _unknown("theme", watch.themes, knowledge.themes)
    yield from _unknown("security", watch.securities, knowledge.securities, _coded(knowledge, watch.securities))
    markets = {market.id for market in knowledge.taxonomy.markets}
    yield from _unknown("session", dict.fromkeys(session.partition(":")[0] for session in watch.sessions), markets)
    yield from _unknown("lens", [watch.lens], knowledge.lenses)
    if watch.direct_only and not watch.securities:
        yield "direct-only: it goes with a security; name one"
    for word in watch.words:
        if not word.strip():
            yield "word: an empty word stands in no title; leave it out"
    for address in watch.destinations:
        try:
            destination(address)
        except DestinationInvalid as error:
            yield f"to: {error}"


def _unknown(
    field: str, given: Iterable[str], known: Container[str], meant: Mapping[str, list[str]] | None = None
) -> Iterator[str]:
    for value in given:
        if value not in known:
            ids = list(known) if isinstance(known, Iterable) else []
            near = (meant or {}).get(value) or get_close_matches(value.casefold(), ids, n=3, cutoff=0.6)
            if near:
                hint = f"did you mean {' or '.join(near)}?"
            elif len(ids) <= 40:
                hint = f"take one of {', '.join(sorted(ids))}"
            else:
                hint = f"`launchwatch {_LISTS.get(field, 'check')}` lists what is known"
            yield f"{field}: {value!r} is not known; {hint}"


def _named(rows: Mapping[str, object], given: Iterable[str]) -> dict[str, list[str]]:
    """For what was given as a name and not as an id, the ids that go by it."""
    wanted = {fold(value): value for value in given if value not in rows}
    found: dict[str, list[str]] = {}
    for id, row in rows.items() if wanted else ():
        for name in getattr(row, "names", ()):
            if fold(name) in wanted and id not in found.setdefault(wanted[fold(name)], []):
                found[wanted[fold(name)]].append(id)
    return found


def _coded(knowledge: KnowledgeBase, given: Iterable[str]) -> dict[str, list[str]]:
    """For a bare code such as 300364 or NVDA, the security that has it."""
    found = {code: knowledge.security(code) for code in given if code not in knowledge.securities}
    return {code: [security.id] for code, security in found.items() if security}


_LISTS = {"company": "companies", "product": "companies", "security": "securities", "theme": "themes"}
