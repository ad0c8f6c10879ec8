"""Bytes to text: what the header says x what the document says x what the bytes are."""

from __future__ import annotations

import time

import pytest

from crawlers.charset import to_text

CHINESE = "月之暗面宣布智能助手支持二百万字无损上下文，国内人工智能产业再次提速，多家上市公司回应合作传闻。"
TRADITIONAL = "台積電宣布擴大先進封裝產能，人工智慧晶片需求強勁，下半年營收可望再創新高，供應鏈同步受惠。"
LATIN = "Où est passé l'été ? Größe und Qualität, señor – naïve café."


def page(text: str, declared: str) -> str:
    return (
        f'<?xml version="1.0"{declared and f" encoding={chr(34)}{declared}{chr(34)}"}?><rss><title>{text}</title></rss>'
    )


@pytest.mark.parametrize("declared", ["", "utf-8", "gb2312", "iso-8859-1"])
@pytest.mark.parametrize("header", ["", "text/xml", "text/xml; charset=gbk", "text/xml; charset=utf-8"])
@pytest.mark.parametrize("real", ["utf-8", "gb18030", "utf-16"])
def test_chinese_is_read_whatever_the_labels_say(header: str, declared: str, real: str) -> None:
    """48 cases: the bytes decide all of them."""
    assert CHINESE in to_text(page(CHINESE, declared).encode(real), header).text


@pytest.mark.parametrize("header", ["", "text/xml; charset=big5", "text/xml; charset=utf-8"])
def test_big5_is_read_by_its_label_or_by_itself(header: str) -> None:
    assert TRADITIONAL in to_text(page(TRADITIONAL, "").encode("big5"), header).text


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1252"])
def test_western_text_is_read_by_its_label(declared: str) -> None:
    decoded = to_text(page(LATIN, declared).encode("cp1252"))
    assert LATIN in decoded.text
    assert decoded.sure


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("ゲーム三昧な正月を過ごしたのですが、今年も新しい技術を紹介します。", "euc_jp"),
        ("한국어로 작성된 인공지능 관련 소식입니다. 새로운 모델이 공개되었습니다.", "euc_kr"),
    ],
)
def test_japanese_and_korean_are_told_from_chinese(text: str, encoding: str) -> None:
    assert text in to_text(page(text, "").encode(encoding)).text


def test_foreign_bytes_in_utf8_spoil_only_themselves() -> None:
    body = page(CHINESE, "utf-8").encode().replace("再次".encode(), b"\x93caf\xe9\x94")
    decoded = to_text(body)
    assert "“café”" in decoded.text
    assert "智能助手" in decoded.text
    assert not decoded.sure


def test_a_character_cut_in_half_does_not_change_the_rest() -> None:
    assert CHINESE[:-2] in to_text(CHINESE.encode()[:-1], "text/html").text
    assert CHINESE[:-2] in to_text(CHINESE.encode("gbk")[:-1], "text/html; charset=gbk").text


@pytest.mark.parametrize("label", ["bogus", "utf-7", "rot13", "base64", "idna", "unicode_escape", "\x00"])
def test_a_label_that_no_document_may_ask_for_is_ignored(label: str) -> None:
    assert "+ADw-script+AD4-" in to_text(b"<p>+ADw-script+AD4-</p>", f"text/html; charset={label}").text


@pytest.mark.parametrize(
    "body", [b"", b"\x00", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", bytes(range(256)), b"\xfe\xff\x00"]
)
def test_no_bytes_are_too_odd(body: bytes) -> None:
    assert isinstance(to_text(body, "text/html; charset=gb2312").text, str)


def test_a_mark_decides_over_every_label() -> None:
    assert to_text(page(LATIN, "gbk").encode("utf-8-sig"), "text/xml; charset=big5").encoding == "utf-8"
    assert CHINESE in to_text(page(CHINESE, "utf-8").encode("utf-32")).text


def test_many_foreign_bytes_take_no_longer_than_a_few() -> None:
    body = ("新模型".encode() + b"\x92") * 60_000
    began = time.process_time()
    decoded = to_text(body)
    assert time.process_time() - began < 0.5
    assert decoded.text == "新模型’" * 60_000
