"""What people change in a digest: kept by the sentence it replaces, so that a new draft takes it over or says why it cannot."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from pipeline.digest.shape import Digest, Edit, Language, Line, Sentence
from pipeline.digest.smoothing import kept as kept_wording
from pipeline.records import Record

Change = Callable[[str, Sentence], Sentence | None]

_HEAD = re.compile(r"^## (\S+)\s*$")
_KEPT = ("headline",)
"""Places that may be reworded and not emptied."""


class Conflict(Record):
    """An edit whose ground has moved: the sentence that it replaced is no longer what the facts give."""

    place: str
    base: str
    """The sentence as it was when the person changed it."""
    now: str
    """The sentence that today's facts give; empty where it is gone."""
    words: str
    """What the person wrote."""
    by: str


class EditInvalid(ValueError):
    """An edit that names no sentence of the issue, or empties what must stand."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place}: {why}")
        self.place = place


def places(digest: Digest) -> dict[str, Sentence]:
    """Every sentence that a person may change, by its id: `headline`, `<event>.fact-1`, `line.<event>`, `risk-1`."""
    found: dict[str, Sentence] = {}

    def note(place: str, sentence: Sentence) -> Sentence:
        found[place] = sentence
        return sentence

    _mapped(digest, note)
    return found


def edited(digest: Digest) -> Digest:
    """The digest as people left it: their words in place of ours; an emptied sentence is left out."""
    if not digest.edits:
        return digest
    standing = places(digest)
    at_place = {(_place_of(e, standing) or e.place, e.language): e for e in digest.edits}

    def change(place: str, sentence: Sentence) -> Sentence | None:
        words: dict[str, str] = {e.language: e.words for (where, _), e in at_place.items() if where == place}
        if not words:
            return sentence
        return None if "" in words.values() else sentence.model_copy(update=words)

    return _mapped(digest, change)


def conflicts(digest: Digest) -> list[Conflict]:
    """The edits whose sentence changed under them, or is gone."""
    standing = places(digest)
    found = []
    for edit in digest.edits:
        if _place_of(edit, standing) is None:
            now = standing[edit.place].say(edit.language) if edit.place in standing else ""
            found.append(Conflict(place=edit.place, base=edit.base, now=now, words=edit.words, by=edit.by))
    return found


def carried(new: Digest, old: Digest | None) -> Digest:
    """A new draft with the edits of the one before it; the time of writing too, where nothing else differs."""
    if old is None:
        return new
    taken = kept_wording(new, old).model_copy(update={"edits": old.edits})
    as_before = taken.model_copy(update={"made_at": old.made_at})
    return as_before if as_before.model_dump_json() == old.model_dump_json() else taken


def with_edits(digest: Digest, words: Mapping[str, str], language: Language, by: str, at: datetime) -> Digest:
    """The digest with a person's words; what is given as it stands is no edit. Raises EditInvalid."""
    standing, shown = places(digest), places(edited(digest))
    kept = {(_place_of(e, standing) or e.place, e.language): e for e in digest.edits}
    moved = {c.place for c in conflicts(digest)}
    for place, given in words.items():
        if place not in standing:
            raise EditInvalid(place, "the issue has no such sentence; ids stand behind ## in what `digest edit` prints")
        base, text = standing[place].say(language), " ".join(given.split())
        if not text and place.rpartition(".")[2] in _KEPT:
            raise EditInvalid(place, "a headline may be reworded, not emptied")
        before = shown[place].say(language) if place in shown else ""
        if text == base:
            kept.pop((place, language), None)
        elif text != before or place in moved:
            kept[(place, language)] = Edit(place=place, language=language, base=base, words=text, by=by, at=at)
    return digest.model_copy(update={"edits": tuple(kept[key] for key in sorted(kept))})


# ---- as a file ------------------------------------------------------------------------------------------------------


def sheet(digest: Digest, language: Language) -> str:
    """The issue's sentences as Markdown to be changed: an id behind `##`, the words under it, notes behind `>`."""
    standing, shown = places(digest), places(edited(digest))
    open_ones = {c.place: c for c in conflicts(digest)}
    parts = [
        f"# {digest.period.label} {digest.lens} {language}\n"
        "> Change the words under a heading; delete them to leave the sentence out. Headings and lines that begin with > stay."
    ]
    for place in standing:
        words = shown[place].say(language) if place in shown else ""
        moved = open_ones.get(place)
        note = f"\n> CONFLICT: the facts now give: {moved.now}\n> it was: {moved.base}" if moved else ""
        parts.append(f"## {place}\n{words}{note}")
    return "\n\n".join(parts) + "\n"


def read_sheet(text: str) -> dict[str, str]:
    """The words of a sheet by sentence id."""
    found: dict[str, list[str]] = {}
    place = None
    for line in text.splitlines():
        head = _HEAD.match(line)
        if head:
            place = head[1]
            found[place] = []
        elif place is not None and not line.startswith((">", "# ")):
            found[place].append(line)
    return {place: " ".join(" ".join(lines).split()) for place, lines in found.items()}


# ---- walking --------------------------------------------------------------------------------------------------------


def _place_of(edit: Edit, standing: Mapping[str, Sentence]) -> str | None:
    """Where an edit's sentence stands now: in its place, or elsewhere in the same section; None where it is not said."""
    here = standing.get(edit.place)
    if here is not None and here.say(edit.language) == edit.base:
        return edit.place
    section = edit.place.rpartition(".")[0]
    alike = (p for p, s in standing.items() if p.rpartition(".")[0] == section and s.say(edit.language) == edit.base)
    return next(alike, None) if section else None


def _mapped(digest: Digest, change: Change) -> Digest:
    """The digest with each sentence changed, or left out where the change gives None."""
    headline = change("headline", digest.headline) or digest.headline
    summary = _all(digest.summary, "summary-", change, None)
    items = []
    for item in digest.items:
        counted = Counter[str]()
        heading = change(f"{item.event_id}.headline", item.headline) or item.headline
        facts = _all(item.facts, f"{item.event_id}.", change, counted)
        views = _all(item.views, f"{item.event_id}.", change, counted)
        items.append(item.model_copy(update={"facts": facts, "views": views, "headline": heading}))
    boxes = [
        b.model_copy(update={"sentence": b.sentence and change(f"box.{b.layer}", b.sentence)}) for b in digest.framework
    ]
    themes = [t.model_copy(update={"why": _all(t.why, f"theme.{t.theme_id}-", change, None)}) for t in digest.themes]
    update = {
        "headline": headline,
        "summary": summary,
        "items": tuple(items),
        "framework": tuple(boxes),
        "themes": tuple(themes),
        "others": _lines(digest.others, change),
        "announcements": _lines(digest.announcements, change),
        "rumours": _lines(digest.rumours, change),
        "risks": _all(digest.risks, "risk-", change, None),
    }
    return digest.model_copy(update=update)


def _all(
    sentences: Iterable[Sentence], prefix: str, change: Change, counted: Counter[str] | None
) -> tuple[Sentence, ...]:
    """Sentences changed in order: `<event>.fact-1`, counted by kind, or plainly `risk-1`."""
    kept = []
    for number, sentence in enumerate(sentences, 1):
        name = str(number)
        if counted is not None:
            counted[sentence.kind] += 1
            name = f"{sentence.kind}-{counted[sentence.kind]}"
        changed = change(prefix + name, sentence)
        if changed is not None:
            kept.append(changed)
    return tuple(kept)


def _lines(lines: Iterable[Line], change: Change) -> tuple[Line, ...]:
    changed = ((line, change(f"line.{line.event_id}", line.sentence)) for line in lines)
    return tuple(line.model_copy(update={"sentence": sentence}) for line, sentence in changed if sentence is not None)
