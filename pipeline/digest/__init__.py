"""The digest: the week's events in order, told with their facts, comparisons, themes and linked stocks, for a person to sign."""

from pipeline.digest.check import unsupported, unsupported_sentences
from pipeline.digest.formats.pdf import FontsMissing
from pipeline.digest.period import Day, Month, Period, Week, WrongPeriod, parse_period
from pipeline.digest.rendering import FORMATS, UnknownFormat, render, schema
from pipeline.digest.shape import AuthorBlock, Both, Digest, Prices, Ranked, Series
from pipeline.digest.story import compose

__all__ = [
    "FORMATS",
    "AuthorBlock",
    "Both",
    "Day",
    "Digest",
    "FontsMissing",
    "Month",
    "Period",
    "Prices",
    "Ranked",
    "Series",
    "UnknownFormat",
    "Week",
    "WrongPeriod",
    "compose",
    "parse_period",
    "render",
    "schema",
    "unsupported",
    "unsupported_sentences",
]
