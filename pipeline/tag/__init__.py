"""Tag: names, relevance, modalities, event type and certainty of a document, each with the words that show it."""

from pipeline.tag.lexicon import Lexicon
from pipeline.tag.tagging import tag

__all__ = ["Lexicon", "tag"]
