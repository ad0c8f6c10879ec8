"""A digest as a Word document to edit: real styles, headings, lists, tables with repeated heads, header and footer."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from pipeline.digest.blocks import Bullets, Figure, Heading, Page, Prose, Run, Table
from pipeline.digest.formats.pdf import picture
from pipeline.digest.shape import Digest
from pipeline.text import clean

LATIN, CHINESE = "Arial", "Microsoft YaHei"
_ACCENT, _GREY = RGBColor(0x8C, 0x15, 0x15), RGBColor(0x55, 0x55, 0x55)
_TEXT_WIDTH = 17.4
_FIRST_ZIP_DAY = (1980, 1, 1, 0, 0, 0)
_HYPERLINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
_ADDRESS = re.compile(r"https?://[^\s<>\"'（）]+")


def render(digest: Digest, page: Page) -> bytes:
    """The page as a .docx file, dated as the digest is."""
    document = docx.Document()
    _set_up(document, digest, page)
    for line in page.cover:
        document.add_paragraph(clean(line), style="Cover line")
    for line in page.author:
        document.add_paragraph(clean(line), style="Cover line").alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.add_paragraph(clean(page.title), style="Title")
    for block in page.blocks:
        _add(document, block, digest, page.language)
    return _same_bytes(document)


def _add(document: Any, block: Heading | Prose | Bullets | Table | Figure, digest: Digest, language: str) -> None:
    match block:
        case Heading():
            document.add_heading(clean(block.text), level=block.level - 1)
        case Prose():
            paragraph = document.add_paragraph(style="Small print" if block.small else "Normal")
            if block.label:
                label = paragraph.add_run(f"【{block.label}】" if language == "zh" else f"{block.label}: ")
                label.bold, label.font.color.rgb = True, _ACCENT
            _runs(paragraph, block.runs)
        case Bullets():
            for item in block.items:
                _runs(document.add_paragraph(style="List Bullet"), item)
        case Table():
            _table(document, block)
        case Figure():
            document.add_paragraph(clean(block.caption), style="Caption")
            shown = document.add_picture(io.BytesIO(picture(block, digest, language)), width=Cm(_TEXT_WIDTH))
            shown._inline.docPr.set("descr", clean(block.caption))


def _runs(paragraph: Any, runs: tuple[Run, ...]) -> None:
    for run in runs:
        added = paragraph.add_run(clean(run.text))
        if run.kind == "strong":
            added.bold = True
        elif run.kind == "cite":
            added.font.superscript = True
        elif run.kind == "aside":
            added.font.color.rgb = _GREY


def _table(document: Any, table: Table) -> None:
    if table.caption:
        document.add_paragraph(clean(table.caption), style="Caption")
    made = document.add_table(rows=1, cols=len(table.columns), style="Table Grid")
    made.autofit = False
    for cell, name in zip(made.rows[0].cells, table.columns, strict=True):
        _cell(cell, name, bold=True)
        _shade(cell, "E7E6E6")
    _repeat(made.rows[0])
    for row in table.rows:
        cells = made.add_row().cells
        for cell, words in zip(cells, row, strict=True):
            _cell(cell, words)
    total = sum(table.widths)
    for column, share in zip(made.columns, table.widths, strict=True):
        width = Cm(_TEXT_WIDTH * share / total)
        column.width = width
        for cell in column.cells:
            cell.width = width
    document.add_paragraph(style="Small print")


def _cell(cell: Any, words: str, bold: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    paragraph._p.style = (
        "Cell"  # by its id: by its name, python-docx goes through all styles for each of a thousand cells
    )
    end = 0
    for match in _ADDRESS.finditer(words):
        address = match[0].rstrip(".,;")
        paragraph.add_run(clean(words[end : match.start()]))
        _link(paragraph, clean(address))
        end = match.start() + len(address)
    paragraph.add_run(clean(words[end:])).bold = bold or None


def _link(paragraph: Any, address: str) -> None:
    """A real hyperlink, which python-docx cannot write by itself."""
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), paragraph.part.relate_to(address, _HYPERLINK, is_external=True))
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = address
    run.append(text)
    link.append(run)
    paragraph._p.append(link)


def _shade(cell: Any, colour: str) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("w:val", "clear"), ("w:color", "auto"), ("w:fill", colour)):
        shade.set(qn(name), value)
    cell._tc.get_or_add_tcPr().append(shade)


def _repeat(row: Any) -> None:
    """The head row again on every page, and no row cut in two."""
    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    properties.append(OxmlElement("w:tblHeader"))


# ---- styles ---------------------------------------------------------------------------------------------------------


def _set_up(document: Any, digest: Digest, page: Page) -> None:
    language = "zh-CN" if page.language == "zh" else "en-GB"
    _style(document, "Normal", 10.5, language=language)
    document.styles["Normal"].paragraph_format.space_after = Pt(4)
    document.styles["Normal"].paragraph_format.line_spacing = 1.25
    _style(document, "Title", 18, bold=True, colour=RGBColor(0, 0, 0))
    _style(document, "Heading 1", 13, bold=True, colour=_ACCENT)
    _style(document, "Heading 2", 11, bold=True, colour=RGBColor(0, 0, 0))
    _style(document, "Caption", 9, bold=True, colour=RGBColor(0, 0, 0))
    _style(document, "List Bullet", 10.5)
    for name, size, colour in (("Cover line", 10, _ACCENT), ("Small print", 8.5, _GREY), ("Cell", 8, None)):
        document.styles.add_style(name, 1).base_style = document.styles["Normal"]
        _style(document, name, size, colour=colour)
        document.styles[name].paragraph_format.space_after = Pt(1)
        document.styles[name].paragraph_format.line_spacing = 1.1
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.left_margin = section.right_margin = Cm(1.8)
    section.top_margin, section.bottom_margin = Cm(2.2), Cm(2.0)
    section.header.paragraphs[0].text = clean(page.header)
    footer = section.footer.paragraphs[0]
    footer.text = clean(page.footer) + "    "
    _field(footer, "PAGE")
    footer.add_run(" / ")
    _field(footer, "NUMPAGES")
    properties = document.core_properties
    properties.title, properties.author = clean(page.title), digest.author.name if digest.author else ""
    properties.comments, properties.language = "", language
    properties.created = properties.modified = digest.made_at.replace(tzinfo=None)


def _style(
    document: Any, name: str, size: float, bold: bool = False, colour: RGBColor | None = None, language: str = ""
) -> None:
    style = document.styles[name]
    style.font.name, style.font.size, style.font.bold = LATIN, Pt(size), bold or None
    style.font.italic = False
    if colour is not None:
        style.font.color.rgb = colour
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:ascii"), LATIN)
    fonts.set(qn("w:hAnsi"), LATIN)
    fonts.set(qn("w:eastAsia"), CHINESE)
    if language:
        spoken = OxmlElement("w:lang")
        spoken.set(qn("w:val"), "en-GB")
        spoken.set(qn("w:eastAsia"), "zh-CN")
        style.element.rPr.append(spoken)


def _field(paragraph: Any, code: str) -> None:
    """A field that Word fills in: the page's number, the count of pages."""
    for kind, words in (("begin", ""), ("", code), ("separate", ""), ("text", "1"), ("end", "")):
        run = paragraph.add_run()
        if kind == "text":
            run.text = words
        elif kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)
        else:
            instruction = OxmlElement("w:instrText")
            instruction.set(qn("xml:space"), "preserve")
            instruction.text = words
            run._r.append(instruction)


def _same_bytes(document: Any) -> bytes:
    """The file with every member dated alike, so that the same digest gives the same bytes."""
    written = io.BytesIO()
    document.save(written)
    packed = io.BytesIO()
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            fixed = zipfile.ZipInfo(member.filename, _FIRST_ZIP_DAY)
            fixed.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(fixed, old.read(member.filename))
    return packed.getvalue()
