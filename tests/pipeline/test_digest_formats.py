"""Every format shows the same issue: whole, safe, the same bytes each time, and nothing that is not stored or computed."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import zipfile
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import docx
import jsonschema  # type: ignore[import-untyped]  # its stubs are not worth a dependency
import pytest

from pipeline.digest import FORMATS, Digest, FontsMissing, UnknownFormat, compose, render, schema, unsupported
from pipeline.digest.blocks import Bullets, Figure, Heading, Prose, Table
from pipeline.digest.formats import charts, pdf
from pipeline.digest.layout import page
from tests.pipeline.founding_week import MADE_AT, WEEK, founding_week, kimi, knowledge, open_sora, ranked, report

ROOT = Path(__file__).parents[2]
LANGUAGES = ("zh", "en")
VOID = {"meta", "br", "hr", "img", "link", "input"}


@cache
def issue() -> Digest:
    """The founding week's issue under the media lens."""
    return compose(WEEK, knowledge().lenses["media"], founding_week(), [], knowledge(), MADE_AT)


def as_text(content: str | bytes) -> str:
    return content if isinstance(content, str) else content.decode()


class Reader(HTMLParser):
    """Reads a page as a browser would: its words, its addresses, and whether every tag is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.requests: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.requests += [v or "" for name, v in attrs if name in ("src", "srcset", "data", "poster", "action")]
        if tag in ("link", "script", "iframe", "object", "embed", "base"):
            self.requests.append(tag)
        if tag == "a":
            self.links.append(given.get("href") or "")
        if given.get("id"):
            self.ids.append(given["id"] or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another tag"
        self.words.append("\n" if tag in ("p", "td", "th", "li", "h1", "h2", "h3", "text", "caption", "title") else "")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def read_html(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def read_word(content: bytes) -> str:
    """Every word of a .docx: body, tables, header and footer."""
    document = docx.Document(io.BytesIO(content))
    lines = [p.text for p in document.paragraphs]
    lines += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    section = document.sections[0]
    return "\n".join([*lines, *(p.text for part in (section.header, section.footer) for p in part.paragraphs)])


def read_blocks(language: str) -> str:
    """Every word that the PDF's template is handed, charts included."""
    digest = issue()
    laid = page(digest, language)
    lines = [laid.title, *laid.cover, *laid.author, laid.header, laid.footer]
    for block in laid.blocks:
        match block:
            case Heading():
                lines.append(block.text)
            case Prose():
                lines.append(block.label + "".join(r.text for r in block.runs))
            case Bullets():
                lines += ["".join(r.text for r in item) for item in block.items]
            case Table():
                lines += [block.caption, *block.columns, *(cell for row in block.rows for cell in row)]
            case Figure():
                marks = charts.draw(block, digest, language).marks
                lines += [block.caption, *(m.text for m in marks if isinstance(m, charts.Words))]
    return "\n".join(lines)


# ---- honesty --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("format", ["text", "md", "html", "docx", "pdf"])
def test_every_number_and_code_in_a_format_is_stored_or_computed(format: str, language: str) -> None:
    content = render(issue(), format, language)
    if format == "html":
        words = "".join(read_html(as_text(content)).words)
    elif format == "docx":
        assert isinstance(content, bytes)
        words = read_word(content)
    else:
        words = read_blocks(language) if format == "pdf" else as_text(content)
    assert "300364.SZ" in words
    assert unsupported(issue(), words) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_formats_tell_the_main_sentences(language: str) -> None:
    sentence = issue().items[0].facts[1].say(language)

    def squeezed(text: str) -> str:
        return re.sub(r"\s+", "", text)

    word = render(issue(), "docx", language)
    assert isinstance(word, bytes)
    told = [as_text(render(issue(), f, language)) for f in ("text", "md", "html")] + [
        read_word(word),
        read_blocks(language),
    ]
    assert all(squeezed(sentence) in squeezed(words) for words in told)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("format", FORMATS)
def test_the_same_digest_gives_the_same_bytes(format: str, language: str) -> None:
    assert render(issue(), format, language) == render(
        Digest.model_validate_json(issue().model_dump_json()), format, language
    )


# ---- each format ----------------------------------------------------------------------------------------------------


def test_json_is_as_its_published_schema_says() -> None:
    published = json.loads((ROOT / "docs/digest.schema.json").read_text(encoding="utf-8"))
    assert published == schema()
    jsonschema.Draft202012Validator.check_schema(published)
    jsonschema.validate(json.loads(as_text(render(issue(), "json"))), published)


def test_html_stands_alone() -> None:
    text = as_text(render(issue(), "html", "zh"))
    reader = read_html(text)
    assert reader.requests == []
    assert "@import" not in text
    assert "url(" not in text
    assert {link for link in reader.links if link.startswith("#")} <= {f"#{i}" for i in reader.ids}
    assert len(reader.ids) == len(set(reader.ids))
    assert text.count("<svg") == 2
    assert "@page" in text


def test_hostile_words_stay_words_in_every_format() -> None:
    title = "<script>alert(1)</script> #set page(width: 1pt) | `x` \\u{1} [a](javascript:b) \x00\x0b月之暗面升级Kimi"
    nasty = report("k1", title, kimi().published_at or MADE_AT).model_copy(update={"url": "javascript:alert(1)"})
    event = kimi().model_copy(update={"title_zh": title, "title_en": None, "reports": (nasty,)})
    week = [ranked(event, 90), ranked(open_sora(), 80)]
    digest = compose(WEEK, knowledge().lenses["media"], week, [], knowledge(), MADE_AT)
    html = as_text(render(digest, "html", "zh"))
    assert "<script" not in html
    assert not [link for link in read_html(html).links if link.startswith("javascript")]
    assert "\\<script\\>" in as_text(render(digest, "md", "zh"))
    word = render(digest, "docx", "zh")
    assert isinstance(word, bytes)
    assert "<script>alert(1)</script>" in read_word(word)
    made = render(digest, "pdf", "zh")
    assert isinstance(made, bytes)
    assert made.startswith(b"%PDF-")


def test_word_has_real_styles_tables_header_and_chinese_fonts() -> None:
    content = render(issue(), "docx", "zh")
    assert isinstance(content, bytes)
    document = docx.Document(io.BytesIO(content))
    styles = {p.style.name for p in document.paragraphs if p.style is not None}
    assert {"Title", "Heading 1", "Heading 2", "List Bullet", "Caption", "Normal"} <= styles
    assert len(document.tables) >= 5
    assert "传媒 周观点 2024-W12" in document.sections[0].header.paragraphs[0].text
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert 'w:eastAsia="Microsoft YaHei"' in packed.read("word/styles.xml").decode()
        body = packed.read("word/document.xml").decode()
        assert body.count("<w:tblHeader/>") == len(document.tables)
        assert " PAGE" in packed.read("word/footer1.xml").decode() or "PAGE" in packed.read("word/footer1.xml").decode()
        assert len([name for name in packed.namelist() if name.startswith("word/media/")]) == 2


def test_pdf_embeds_a_chinese_font() -> None:
    content = render(issue(), "pdf", "zh")
    assert isinstance(content, bytes)
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    assert len(content) > 50_000


def test_no_chinese_font_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "FAMILIES", ("No Such Family",))
    pdf.find_fonts.cache_clear()
    try:
        for format in ("pdf", "docx"):
            with pytest.raises(FontsMissing, match="manimgx-fonts-cjk"):
                render(issue(), format, "zh")
        assert "200万字" in as_text(render(issue(), "html", "zh"))
    finally:
        pdf.find_fonts.cache_clear()


@pytest.mark.parametrize(("format", "language"), [("rtf", "zh"), ("", "zh"), ("text", "fr")])
def test_an_unknown_format_or_language_is_refused(format: str, language: str) -> None:
    with pytest.raises(UnknownFormat, match="is not one of"):
        render(issue(), format, language)


def test_charts_read_in_black_and_white() -> None:
    text = as_text(render(issue(), "html", "zh"))
    colours = set(re.findall(r'fill="#(\w{6})"|stroke="#(\w{6})"', "".join(re.findall(r"<svg.*?</svg>", text))))
    used = {c for pair in colours for c in pair if c}
    assert used
    assert all(c[:2] == c[2:4] == c[4:] for c in used)


def test_an_empty_week_is_written_in_every_format() -> None:
    empty = compose(WEEK, knowledge().lenses["media"], [], [], knowledge(), MADE_AT)
    for format in FORMATS:
        assert render(empty, format, "zh")


# ---- by other people's readers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_passes_a_strict_parser(language: str) -> None:
    html5lib = pytest.importorskip("html5lib", reason="html5lib is not installed: no strict reading of the HTML")
    html5lib.HTMLParser(strict=True).parse(as_text(render(issue(), "html", language)))


@pytest.mark.slow
def test_word_opens_in_libreoffice(tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed: Word files are not opened")
    (tmp_path / "week.docx").write_bytes(render(issue(), "docx", "zh"))  # type: ignore[arg-type]
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [office, profile, "--headless", "--convert-to", "txt:Text", "--outdir", str(tmp_path), "week.docx"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=100)
    told = (tmp_path / "week.txt").read_text("utf-8-sig")
    assert "月之暗面升级Kimi" in told
    assert "此前Kimi的上下文长度为20万字（2023年10月），本次为其10倍。" in told
