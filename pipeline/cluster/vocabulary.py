"""What clustering knows about words: how telling each is, and which Chinese and English ones mean the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from knowledge.index import KnowledgeBase
from pipeline.cluster.words import normal, versions, words

LONGEST_PHRASE = 3


class Vocabulary:
    """Weights of words and the two-language terms of one knowledge base."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        taxonomy = knowledge.taxonomy
        self.weights: dict[str, float] = {}
        if taxonomy.clustering:
            for level, listed in taxonomy.clustering.common.items():
                self.weights.update(dict.fromkeys(listed.split(), float(level)))
        self.acts = frozenset(f"~{term.id}" for term in taxonomy.terms if term.act)
        self.between = frozenset(f"~{term.id}" for term in taxonomy.terms if term.between)
        self._chinese = [(word, f"~{term.id}") for term in taxonomy.terms for word in term.zh]
        self._english = {tuple(words(word)): f"~{term.id}" for term in taxonomy.terms for word in term.en}

    def weight(self, word: str) -> float:
        """How telling a word is, 0 to 1: 1 for a rare one."""
        return self.weights.get(word, 1.0)

    def weighed(self, words: Iterable[str]) -> dict[str, float]:
        """Words with how telling each is."""
        weights = self.weights
        return {word: weights.get(word, 1.0) for word in words}

    def cut(self, text: str) -> list[str]:
        """The different words of a text, its names with version (`claud:3`), and its terms (`~funding`)."""
        found = words(text)
        return list(dict.fromkeys([*found, *versions(found), *self.terms(normal(text), found)]))

    def terms(self, folded: str, found: Sequence[str]) -> list[str]:
        """The terms of a text, `~funding`, by its Chinese words and by its English phrases."""
        named = [term for word, term in self._chinese if word in folded]
        for at in range(len(found)):
            for length in range(LONGEST_PHRASE, 0, -1):
                term = self._english.get(tuple(found[at : at + length]))
                if term:
                    named.append(term)
                    break
        return list(dict.fromkeys(named))


@lru_cache(maxsize=4)
def vocabulary(knowledge: KnowledgeBase) -> Vocabulary:
    """The vocabulary of a knowledge base, made once."""
    return Vocabulary(knowledge)
