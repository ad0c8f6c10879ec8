"""One language of a digest, as the sections of a page ask for it: words, numbered headings, sentences with their citations."""

from __future__ import annotations

from pipeline.digest.blocks import Heading, Prose, Run
from pipeline.digest.shape import Digest, Sentence


class Say:
    """Chooses the language, and counts the section headings of a Chinese weekly: 一、二、三."""

    def __init__(self, digest: Digest, language: str) -> None:
        self.language = language
        self.claims = digest.claims
        self._sections = 0

    def __call__(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en

    def section(self, zh: str, en: str) -> Heading:
        """The next section's heading."""
        self._sections += 1
        ordinal = "一二三四五六七八九十"[self._sections - 1 : self._sections] or "附"
        return Heading(level=2, text=self(f"{ordinal}、{zh}", en))

    def runs(self, sentence: Sentence) -> tuple[Run, ...]:
        """A sentence and its citations."""
        cited = cites(sentence)
        words = Run(text=sentence.say(self.language))
        return (words, Run(text=cited, kind="cite")) if cited else (words,)

    def prose(self, sentences: tuple[Sentence, ...], label: str = "") -> Prose:
        """Sentences as one paragraph; English ones with a space between."""
        runs: list[Run] = []
        for sentence in sentences:
            if runs and self.language != "zh":
                runs.append(Run(text=" "))
            runs += self.runs(sentence)
        return Prose(label=label, runs=tuple(runs))


def cites(sentence: Sentence) -> str:
    """The numbers of the sources that a sentence rests on, as a citation."""
    return "".join(f"[{n}]" for n in sorted(sentence.sources))


def note(text: str) -> Prose:
    """A remark in small print."""
    return Prose(runs=(Run(text=text, kind="aside"),), small=True)
