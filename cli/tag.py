"""`launchwatch tag`: JSON Lines of documents in, one answer a document out, in the same order."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli.console import Refusal, now, on_terminal, print_lines, print_table, read_lexicon, read_lines, read_settings
from pipeline import flow
from pipeline.door import DocumentInvalid, raw_document
from pipeline.lexicon import Lexicon
from pipeline.records import Fact, Link
from pipeline.tag import Explanation, explain

app = typer.Typer(add_completion=False)


@app.command()
def tag(
    file: Annotated[Path | None, typer.Argument(help="JSON Lines of documents; standard input without it.")] = None,
    show_why: Annotated[bool, typer.Option("--explain", help="Each tag with its quote, rule and weight.")] = False,
) -> None:
    """Company, product, modality, event type, facts and securities of each document, with the words that show them.

    A document in: {"id", "title", "text"?, "url"?, "published_at"?, "language"?, "source"?}
    """
    settings, seen = read_settings(), now()
    lexicon = read_lexicon(settings)
    for number, row in read_lines(file):
        try:
            raw = raw_document(row, settings.zone, seen)
        except DocumentInvalid as error:
            raise Refusal(f"{file or 'standard input'}, line {number}: {error}", code=2) from error
        reading, links = flow.answer(raw, lexicon, settings.zone)
        if show_why:
            _explain(row.get("id"), reading, lexicon)
        else:
            print_lines([_answer(row.get("id"), reading, links)])


def _explain(identifier: Any, reading: flow.Reading, lexicon: Lexicon) -> None:
    """A table a document; in a pipe each line begins with the document's id."""
    document = reading.document
    name = str(identifier if identifier is not None else document.id)
    heading = Text(_in_line(f"{name}  {document.title or document.text[:60]}"), style="bold")
    table = Table(title=heading, title_justify="left", row_styles=("", "dim"))
    for column in ("tag", "weight", "rule", "quote") if on_terminal() else ("id", "tag", "weight", "rule", "quote"):
        table.add_column(column, justify="right" if column == "weight" else "left", overflow="fold")
    for line in (*explain(document, lexicon), *map(_fact, reading.facts)):
        cells = (line.tag, "" if line.weight is None else f"{line.weight:g}", line.rule, line.quote)
        table.add_row(*(Text(_in_line(cell)) for cell in (cells if on_terminal() else (name, *cells))))
    print_table(table, "")


def _fact(fact: Fact) -> Explanation:
    """A fact as a line among the tags."""
    value = f"{fact.value:,.12g}" if isinstance(fact.value, int | float) else fact.value
    qualifier = "" if fact.qualifier == "exact" else fact.qualifier.replace("_", " ")
    words = ("fact", fact.kind, fact.detail, qualifier, value, fact.unit, fact.as_of and f"in {fact.as_of}")
    owner = f"of {fact.subject}" if fact.subject else "owner left open"
    given = "given for comparison, " if fact.comparison else ""
    return Explanation(tag=" ".join(w for w in words if w), quote=fact.quote, rule=f"{given}{owner}")


def _in_line(text: str) -> str:
    return " ".join(text.split())


def _answer(identifier: Any, reading: flow.Reading, links: list[Link]) -> dict[str, Any]:
    tags = reading.tags
    return {
        "id": identifier if identifier is not None else reading.document.id,
        "relevant": tags.relevant,
        "companies": [c.model_dump(exclude={"rule"}) for c in tags.companies],
        "products": [p.model_dump(exclude={"rule"}) for p in tags.products],
        "modalities": {"input": tags.modalities.input, "output": tags.modalities.output},
        "layer": tags.layer,
        "event_type": tags.event_type,
        "certainty": tags.certainty,
        "facts": [f.model_dump(exclude_defaults=True) for f in reading.facts],
        "securities": [_security(one) for one in links],
    }


def _security(link: Link) -> dict[str, Any]:
    row = link.model_dump(mode="json", exclude={"event_id", "security_id", "weight", "path", "concept"})
    return {"id": link.security_id, **row}
