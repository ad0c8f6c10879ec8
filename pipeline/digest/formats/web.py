"""A digest as one HTML file: its style and pictures are inside, it asks the network for nothing, and it prints well."""

from __future__ import annotations

import re
from html import escape

from pipeline.digest.blocks import Bullets, Figure, Heading, Page, Prose, Run, Table
from pipeline.digest.formats.charts import draw, svg
from pipeline.digest.shape import Digest
from pipeline.text import clean

_CITE = re.compile(r"\[(\d+)\]")
_TIE = re.compile(r"\[E(\d+)\]")
_CITED = re.compile(r"(?:\[E?\d+\])+")
_WHOLE = re.compile(r"[A-Z\d]{2,8}[.:][A-Z\d.]{1,8}|\d{4}-\d\d-\d\d")
_ADDRESS = re.compile(r"https?://[^\s<>\"'（）]+")
_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 52rem; padding: 2rem 1.25rem; color: #1a1a1a; background: #fff;
  font: 16px/1.75 "Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", "Hiragino Sans GB", sans-serif; }
header { border-top: 4px solid #8c1515; border-bottom: 1px solid #999; padding: .75rem 0; margin-bottom: 1.5rem;
  display: grid; grid-template-columns: 1fr auto; gap: .25rem 2rem; font-size: .875rem; color: #444; }
header p { margin: 0; } header > p:first-child { font-weight: 700; color: #8c1515; font-size: 1rem; }
header .author { grid-column: 2; grid-row: 1 / span 4; text-align: right; }
h1 { font-size: 1.5rem; line-height: 1.4; margin: 0 0 1.25rem; }
h2 { font-size: 1.125rem; margin: 2rem 0 .5rem; padding-left: .5rem; border-left: 4px solid #8c1515; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p { margin: .35rem 0; text-align: justify; } .label { font-weight: 700; color: #8c1515; } .small, .aside { color: #555; }
.small { font-size: .8125rem; line-height: 1.6; } sup { font-size: .7em; line-height: 0; } sup a { text-decoration: none; }
a { color: #1d4f91; overflow-wrap: anywhere; } ul { padding-left: 1.25rem; } li { margin: .2rem 0; }
.table { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .8125rem; line-height: 1.5; margin: .5rem 0 1rem; }
caption { text-align: left; font-weight: 700; padding: .25rem 0; } th, td { border-bottom: 1px solid #ccc; padding: .3rem .4rem;
  text-align: left; vertical-align: top; overflow-wrap: anywhere; } thead th { border-bottom: 2px solid #333; border-top: 2px solid #333;
  white-space: nowrap; } td.whole { white-space: nowrap; } figure { margin: 1rem 0; } figcaption { font-weight: 700; font-size: .875rem; }
svg { max-width: 100%; height: auto; }
@page { size: A4; margin: 18mm 16mm; }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; line-height: 1.6; } a { color: inherit; text-decoration: none; }
  h2, h3 { break-after: avoid; } tr, figure { break-inside: avoid; } thead { display: table-header-group; } .table { overflow: visible; } }
@media (max-width: 40rem) { header { display: block; } header .author { text-align: left; } }
""".strip()


def render(digest: Digest, page: Page) -> str:
    """The page as a complete HTML document."""
    language = "zh-CN" if page.language == "zh" else "en"
    cover = "".join(f"<p>{_safe(line)}</p>" for line in page.cover)
    author = "".join(f"<p>{_safe(line)}</p>" for line in page.author)
    body = "\n".join(_block(block, digest, page.language) for block in page.blocks)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_safe(page.title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        f'<header>{cover}<div class="author">{author}</div></header>\n<main>\n<h1>{_safe(page.title)}</h1>\n'
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def _block(block: Heading | Prose | Bullets | Table | Figure, digest: Digest, language: str) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{_safe(block.text)}</h{block.level}>"
        case Prose():
            label = f'<span class="label">{_safe(block.label)}</span> ' if block.label else ""
            kind = ' class="small"' if block.small else ""
            return f"<p{kind}>{label}{_runs(block.runs)}</p>"
        case Bullets():
            return "<ul>" + "".join(f"<li>{_runs(item)}</li>" for item in block.items) + "</ul>"
        case Table():
            return _table(block)
        case Figure():
            return (
                f"<figure><figcaption>{_safe(block.caption)}</figcaption>{svg(draw(block, digest, language))}</figure>"
            )


def _runs(runs: tuple[Run, ...]) -> str:
    tags = {"plain": "{}", "strong": "<strong>{}</strong>", "aside": '<span class="aside">{}</span>'}
    return "".join(_cites(r.text) if r.kind == "cite" else tags[r.kind].format(_safe(r.text)) for r in runs)


def _cites(text: str) -> str:
    return "<sup>" + _leading(text) + "</sup>"


def _leading(text: str) -> str:
    """Citations as links into the appendix."""
    return _TIE.sub(r'<a href="#evidence-\1">[E\1]</a>', _CITE.sub(r'<a href="#source-\1">[\1]</a>', _safe(text)))


def _table(table: Table) -> str:
    caption = f"<caption>{_safe(table.caption)}</caption>" if table.caption else ""
    head = "".join(f'<th scope="col">{_safe(c)}</th>' for c in table.columns)
    rows = "\n".join("<tr>" + "".join(_data(c) for c in row) + "</tr>" for row in table.rows)
    if table.anchors:
        rows = "\n".join(
            f'<tr id="{a}"><td>{_safe(row[0])}</td>' + "".join(_data(c) for c in row[1:]) + "</tr>"
            for a, row in zip(table.anchors, table.rows, strict=True)
        )
    return f'<div class="table"><table>{caption}<thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table></div>'


def _data(text: str) -> str:
    """A cell; a code or a day stays on one line."""
    kind = ' class="whole"' if _WHOLE.fullmatch(text) else ""
    return f"<td{kind}>{_cell(text)}</td>"


def _cell(text: str) -> str:
    """A cell's words, with web addresses and leading citations as links; nothing else becomes markup."""
    cited = _CITED.match(text)
    if cited and (cited.end() == len(text) or text[cited.end()] == " "):
        return _leading(cited[0]) + _cell(text[cited.end() :])
    parts, end = [], 0
    for match in _ADDRESS.finditer(text):
        address = match[0].rstrip(".,;")
        parts.append(_safe(text[end : match.start()]))
        parts.append(f'<a rel="noreferrer" href="{_safe(address)}">{_safe(address)}</a>')
        end = match.start() + len(address)
    return "".join(parts) + _safe(text[end:])


def _safe(text: str) -> str:
    return escape(clean(text))
