"""Bytes to text, by evidence: a byte order mark, UTF-8 where the bytes allow it, what is declared, then a guess."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace

import charset_normalizer

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: it begins with the same bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BARE_UNICODE = (
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00<\x00", "utf-16-be"),
    (b"<\x00", "utf-16-le"),
)
"""How a document begins that has neither mark nor single bytes (XML 1.0, appendix F)."""
_WIDER = {
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "euc-cn": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "big-5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "tis-620": "cp874",
    "iso-8859-9": "cp1254",
}
"""What a label stands for on the web (WHATWG Encoding): the wider set that real pages use under it."""
_SINGLE_BYTE = re.compile(r"^(cp125\d|cp874|iso-?8859|koi8|mac|windows-125)", re.I)
_NEVER = {"utf-7", "utf7", "unicode-1-1-utf-7", "idna", "punycode", "rot13", "rot_13", "undefined", "unicode_escape"}
"""Codecs that Python has and no document may ask for."""
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']?\s*([A-Za-z0-9._:-]+)""", re.I)
_META = re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]+)""", re.I)
_HTTP = re.compile(r"""charset\s*[=:]\s*["']?\s*([A-Za-z0-9._:-]+)""", re.I)
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]+")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_STREWN = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}
"""A foreign byte, as Python escapes it, to what Windows-1252 means by it."""
_SAMPLE = 64 * 1024
_PLAUSIBLE = 0.85
"""Share of double bytes in the everyday half of a Chinese set: 0.95 and more in real text, about 0.4 by chance."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the encoding it was read in, and whether the bytes or a label that fits them decided it."""

    text: str
    encoding: str
    sure: bool


def to_text(body: bytes, content_type: str = "") -> Decoded:
    """The text of a document, without characters that neither XML nor HTML may hold.

    Never fails: bytes that fit nothing become U+FFFD, and `sure` is False.
    """
    decoded = _decode(body, content_type)
    return replace(decoded, text=_ILLEGAL.sub("", decoded.text))


def _decode(body: bytes, content_type: str) -> Decoded:
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _read(body[len(mark) :], encoding)
    for start, encoding in _BARE_UNICODE:
        if body.startswith(start):
            return _read(body, encoding)
    labels = _labels(body, content_type)
    if not _HIGH.search(body):
        return Decoded(_ascii(body, labels), "utf-8", True)
    try:
        return Decoded(body.decode("utf-8"), "utf-8", True)
    except UnicodeDecodeError:
        return _not_utf8(body, labels)


def _not_utf8(body: bytes, labels: list[str]) -> Decoded:
    if _mostly_utf8(body):
        return Decoded(_mended_utf8(body), "utf-8", False)
    for encoding in labels:
        text = _strictly(body, encoding)
        if text is not None and not (_SINGLE_BYTE.match(encoding) and _chinese(body)):
            return Decoded(text, encoding, True)
    if other := _japanese_or_korean(body):
        return Decoded(body.decode(other, "replace"), other, False)
    if chinese := _chinese(body):
        return Decoded(body.decode(chinese, "replace"), chinese, chinese in labels)
    for encoding in labels:
        if not _SINGLE_BYTE.match(encoding) and encoding != "utf-8" and _few_errors(body, encoding):
            return Decoded(body.decode(encoding, "replace"), encoding, False)
    best = charset_normalizer.from_bytes(body[:_SAMPLE]).best()
    guess = (_known(best.encoding) if best else None) or "cp1252"
    return Decoded(body.decode(guess, "replace"), guess, False)


def _read(body: bytes, encoding: str) -> Decoded:
    text = body.decode(encoding, "replace")
    return Decoded(text, encoding, "\ufffd" not in text)


def _labels(body: bytes, content_type: str) -> list[str]:
    """The encodings that the document and then its header declare, each under the wider name."""
    head = body[:4096]
    found = [match.group(1).decode("ascii") for pattern in (_DECLARED, _META) if (match := pattern.search(head))]
    if in_header := _HTTP.search(content_type):
        found.append(in_header.group(1))
    return list(dict.fromkeys(known for label in found if (known := _known(label))))


def _known(label: str) -> str | None:
    label = label.lower().strip()
    label = _WIDER.get(label, label)
    if label in _NEVER:
        return None
    try:
        info = codecs.lookup(label)
    except LookupError:
        return None
    return label if getattr(info, "_is_text_encoding", True) else None


def _ascii(body: bytes, labels: list[str]) -> str:
    """Plain ASCII, unless a declared encoding writes other scripts in seven bits."""
    for encoding in labels:
        if encoding.startswith(("iso-2022", "iso2022", "hz")):
            text = _strictly(body, encoding)
            if text is not None:
                return text
    return body.decode("ascii")


def _strictly(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _mostly_utf8(body: bytes) -> bool:
    """Whether foreign bytes are only strewn into what is UTF-8 otherwise."""
    good = sum(len(match.group()) for match in _MULTIBYTE.finditer(body))
    high = sum(len(run.group()) for run in _HIGH.finditer(body))
    return good >= 3 and good >= 0.5 * high and not _strict_chinese(body)


def _strict_chinese(body: bytes) -> bool:
    return _strictly(body, "gb18030") is not None and _share(body, "gb18030") >= 0.97


def _mended_utf8(body: bytes) -> str:
    """UTF-8 with its foreign bytes read as Windows-1252, which is where strewn bytes come from."""
    return body.decode("utf-8", "surrogateescape").translate(_STREWN)


def _chinese(body: bytes) -> str | None:
    """The Chinese set that bytes are written in, where everyday characters show it."""
    if _japanese_or_korean(body):
        return None
    shares = {encoding: _share(body, encoding) for encoding in ("gb18030", "big5hkscs") if _few_errors(body, encoding)}
    best = max(shares, key=lambda encoding: shares[encoding], default=None)
    return best if best and shares[best] >= _PLAUSIBLE else None


def _japanese_or_korean(body: bytes) -> str | None:
    """EUC-JP by its kana, or EUC-KR by its narrow range of leading bytes, outside which lies half of Chinese text."""
    leads = [run.group()[0] for run in _EUC_PAIR.finditer(body[:_SAMPLE])]
    if len(leads) < 8:
        return None
    if sum(lead in (0xA4, 0xA5) for lead in leads) > 0.3 * len(leads) and _few_errors(body, "euc_jp"):
        return "euc_jp"
    words = [lead for lead in leads if lead > 0xAF]
    if words and sum(lead <= 0xC8 for lead in words) > 0.92 * len(words) and _few_errors(body, "cp949"):
        return "cp949"
    return None


def _few_errors(body: bytes, encoding: str) -> bool:
    """Whether nearly all of a document can be read in an encoding; a cut or a foreign byte spoils one character."""
    text = body[:_SAMPLE].decode(encoding, "replace")
    high = sum(1 for c in text if c > "\x7f")
    return text.count("\ufffd") <= 1 + 0.01 * high


def _share(body: bytes, encoding: str) -> float:
    """The share of double-byte characters that are everyday ones: level 1 of GB 2312 or of Big5, or punctuation."""
    everyday = total = 0
    for run in _HIGH_PAIRS[encoding].finditer(body[:_SAMPLE]):
        lead = run.group()[0]
        total += 1
        if encoding == "gb18030":
            everyday += lead in (0xA1, 0xA3) or (0xB0 <= lead <= 0xD7 and run.group()[1] >= 0xA1)
        else:
            everyday += 0xA1 <= lead <= 0xC6
    return everyday / total if total >= 2 else 0.0


_EUC_PAIR = re.compile(rb"[\xa1-\xfe][\xa1-\xfe]")
_HIGH_PAIRS = {
    "gb18030": re.compile(rb"[\x81-\xfe][\x30-\x39\x40-\x7e\x80-\xfe]"),
    "big5hkscs": re.compile(rb"[\x81-\xfe][\x40-\x7e\xa1-\xfe]"),
}
