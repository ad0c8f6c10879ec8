"""The digest: the week's events in order, told with their facts, comparisons, themes and linked stocks, for a person to sign."""

from pipeline.digest.check import unsupported, unsupported_sentences
from pipeline.digest.differing import changes
from pipeline.digest.edits import (
    Conflict,
    EditInvalid,
    carried,
    conflicts,
    edited,
    places,
    read_sheet,
    sheet,
    with_edits,
)
from pipeline.digest.formats.pdf import FontsMissing
from pipeline.digest.period import Day, Month, Period, Week, WrongPeriod, parse_period
from pipeline.digest.rendering import FORMATS, LANGUAGES, UnknownFormat, render, schema
from pipeline.digest.shape import AuthorBlock, Both, Digest, Edit, Language, Prices, Ranked, Series
from pipeline.digest.story import compose

__all__ = [
    "FORMATS",
    "LANGUAGES",
    "AuthorBlock",
    "Both",
    "Conflict",
    "Day",
    "Digest",
    "Edit",
    "EditInvalid",
    "FontsMissing",
    "Language",
    "Month",
    "Period",
    "Prices",
    "Ranked",
    "Series",
    "UnknownFormat",
    "Week",
    "WrongPeriod",
    "carried",
    "changes",
    "compose",
    "conflicts",
    "edited",
    "parse_period",
    "places",
    "read_sheet",
    "render",
    "schema",
    "sheet",
    "unsupported",
    "unsupported_sentences",
    "with_edits",
]
