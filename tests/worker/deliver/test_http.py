"""The guarded client: it reaches only what the guard lets it, follows nothing, and knows what it cannot know."""

from __future__ import annotations

import pytest

from crawlers.guard import Guard
from tests.worker.deliver import vendors
from tests.worker.deliver.vendors import Vendor, said, serving
from worker.deliver.http import MOST_BYTES, GuardedClient
from worker.deliver.outcome import NoAnswer, NotReached, Request


def client(vendor: Vendor) -> GuardedClient:
    return GuardedClient(Guard(allow=[("127.0.0.1", vendor.port)]))


def request(vendor: Vendor, host: str = "127.0.0.1") -> Request:
    return Request(url=f"http://{host}:{vendor.port}/hook?key=1", headers={"x-test": "yes"}, body=b"hello")


def test_it_posts_and_reads_the_answer() -> None:
    with serving(lambda *_: said(200, "fine", X_Extra="1")) as vendor:
        answer = client(vendor).post(request(vendor))
    assert (answer.status, answer.body, answer.headers["x-extra"]) == (200, b"fine", "1")
    [(path, headers, body)] = vendor.calls
    assert (path, headers["x-test"], body) == ("/hook?key=1", "yes", b"hello")


def test_it_does_not_follow_a_redirect() -> None:
    with serving(lambda *_: said(302, "", Location="/elsewhere")) as vendor:
        assert client(vendor).post(request(vendor)).status == 302
    assert len(vendor.calls) == 1


def test_a_private_address_is_never_reached() -> None:
    with serving(lambda *_: said(200, "fine")) as vendor:
        for url in (f"http://127.0.0.1:{vendor.port}/", "http://127.0.0.1/", "http://169.254.169.254/", "file:///etc"):
            with pytest.raises(NotReached):
                GuardedClient(Guard()).post(Request(url=url, headers={}, body=b""))
    assert vendor.calls == []


def test_nobody_listening_was_not_reached() -> None:
    with serving(vendors.silent) as vendor:
        pass
    with pytest.raises(NotReached):
        client(vendor).post(request(vendor))


def test_hanging_up_after_the_request_is_no_answer() -> None:
    with serving(vendors.silent) as vendor, pytest.raises(NoAnswer):
        client(vendor).post(request(vendor))
    assert len(vendor.calls) >= 1


def test_an_endless_body_is_cut() -> None:
    with serving(lambda *_: said(200, b"x" * (MOST_BYTES * 4))) as vendor:
        assert len(client(vendor).post(request(vendor)).body) == MOST_BYTES
