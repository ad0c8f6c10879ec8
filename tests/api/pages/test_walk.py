"""A real browser walks the pages: nothing serious for axe, no error in the console, no request elsewhere, nothing runs.

The default run takes each page in one combination of language, scheme and width, and every combination somewhere;
LAUNCHWATCH_WALK=all takes every page in all eight.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.resources import files
from itertools import product
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.api.pages.conftest import KEY
from tests.api.pages.corpus import RAN

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium, and these tests run"),
]

PAGES = (
    "/", "/live", "/events", "/events/e1", "/events/x1", "/search?q=kimi", "/search?q=nothing-holds-this", "/companies?q=ali",
    "/companies/moonshot-ai", "/products", "/products/kimi", "/securities/NYSE:BABA", "/themes", "/themes/ai", "/watches",
    "/watches/new?q=kimi", "/watches/w1", "/alerts", "/alerts/alert_1", "/sources", "/corrections?event=e1", "/admin", "/key",
)  # fmt: skip
WAYS = tuple(product(("zh", "en"), ("light", "dark"), (1440, 390)))
WALKS = (
    list(product(PAGES, WAYS))
    if os.environ.get("LAUNCHWATCH_WALK") == "all"
    else [(page, WAYS[number % len(WAYS)]) for number, page in enumerate(PAGES)]
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as the system has it."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield made
        made.close()


def opened(browser: Browser, address: str, way: tuple[str, str, int], said: list[str]) -> Page:
    """A page of a reader who has the key, in a language, a scheme and a width; what goes wrong in it is said."""
    language, scheme, width = way
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, locale="en-GB")  # type: ignore[arg-type]
    values = {"launchwatch_key": KEY, "launchwatch_lang": language}
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in values.items()])
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    page.on(
        "request", lambda one: None if one.url.startswith((address, "data:")) else said.append(f"elsewhere: {one.url}")
    )
    return page


def serious(page: Page) -> list[str]:
    """What axe calls serious or critical."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(
        "axe.run(document, {resultTypes: ['violations'], iframes: false, elementRef: false})"
    )
    wrong = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    return [f"{one['id']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in wrong]


def test_every_page_is_sound_in_a_browser(browser: Browser, address: str) -> None:
    wrong: list[str] = []
    for way in dict.fromkeys(way for _, way in WALKS):
        said: list[str] = []
        page = opened(browser, address, way, said)
        for path in [path for path, its_way in WALKS if its_way == way]:
            answer = page.goto(address + path, wait_until="load")
            assert answer is not None
            assert answer.status == 200, path
            said += serious(page)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                said.append("wider than the window")
            if page.evaluate(f"window.{RAN} !== undefined || document.title.length === 0"):
                said.append("a payload ran")
            wrong += [f"{path} {way}: {one}" for one in said]
            said.clear()
        page.context.close()
    assert not wrong, "\n".join(wrong)


def test_a_page_answers_to_the_keyboard_alone(browser: Browser, address: str) -> None:
    said: list[str] = []
    page = opened(browser, address, WAYS[0], said)
    page.goto(address + "/events")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/events/*")
    page.context.close()
    assert said == []


def test_a_watch_is_tried_in_place_and_nothing_typed_is_lost(browser: Browser, address: str) -> None:
    said: list[str] = []
    page = opened(browser, address, WAYS[5], said)
    page.goto(address + "/watches/new")
    page.fill("#f-name", "long contexts")
    page.fill("#f-companies", "月之暗面")
    page.click("button[value=try]")
    page.wait_for_selector("#tried [role=status], #tried [role=alert]")
    assert page.input_value("#f-companies") == "月之暗面"
    assert page.url.endswith("/watches/new")
    assert "messages" in page.inner_text("#tried")
    page.context.close()
    assert said == []
