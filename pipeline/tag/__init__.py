"""Tag: names, relevance, modalities, event type and certainty of a document, each with the words that show it."""

from pipeline.tag.explaining import Explanation, explain
from pipeline.tag.tagging import tag

__all__ = ["Explanation", "explain", "tag"]
