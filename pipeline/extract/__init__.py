"""Extract: the first step. A raw entry in; a clean document with plain text, language, canonical URL and stable id, out."""

from pipeline.extract.extracting import extract
from pipeline.extract.language import language_of
from pipeline.extract.plain import plain
from pipeline.extract.urls import canonical

__all__ = ["canonical", "extract", "language_of", "plain"]
