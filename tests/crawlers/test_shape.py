"""A listing page's shape becomes selectors, where these say as much as the shape."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawlers.feeds import NotAFeed
from crawlers.sources import Selectors
from crawlers.spiders.shape import propose

URL = "https://e.org/news"
DAYS = range(10, 15)


def page(item: str) -> bytes:
    """A page of five items beside a menu."""
    menu = "<nav><a href=/about>About us and our mission</a></nav>"
    return f"<body>{menu}<div class=all>{''.join(item.format(n=n) for n in DAYS)}</div></body>".encode()


@pytest.mark.parametrize(
    ("item", "proposed"),
    [
        (
            "<li class='post wide'><a href=/a/{n}><h3>新模型发布第{n}号：长文本能力提升</h3></a><time>2024-03-{n}</time></li>",
            Selectors(item="li.post", title="h3", date="time"),
        ),
        (
            "<div class=row><a href=/a/{n}><p class=name>A headline with many words {n}</p>"
            "<span class=when>March {n}, 2024</span></a></div>",
            Selectors(item="div.row", title="p.name", date="span.when"),
        ),
        (
            "<a class=card href=/a/{n}><b class=name>A headline with many words {n}</b><i class=when>2024年3月{n}日</i></a>",
            Selectors(item="a.card", link="::attr(href)", title="b.name", date="i.when"),
        ),
    ],
    ids=["headings", "a date inside the link", "cards that are links"],
)
def test_a_list_s_shape_becomes_selectors(item: str, proposed: Selectors) -> None:
    selectors, entries = propose(page(item), URL)
    assert selectors == proposed
    assert [entry.published_at for entry in entries] == [datetime(2024, 3, n, tzinfo=UTC) for n in DAYS]
    assert all(str(n) in entry.title and "2024" not in entry.title for n, entry in zip(DAYS, entries, strict=True))


def test_nothing_is_proposed_that_says_less_than_the_shape() -> None:
    """The only dates stand in the addresses, which no selector reads."""
    selectors, entries = propose(page('<p><a href="/2024/03/{n}/slug">A headline with many words {n}</a></p>'), URL)
    assert selectors is None
    assert [entry.published_at.day for entry in entries if entry.published_at] == list(DAYS)


def test_a_page_without_a_list_is_none() -> None:
    with pytest.raises(NotAFeed):
        propose(b"<div id=app></div><script src=x></script>", URL)
