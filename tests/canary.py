"""`make canary`: the whole suite at DEBUG; a test fails that lets a secret out into a log, an output, an error or a file.

A secret is what is behind an address that was understood, what a setting keeps secret, a key of the API and the token of a
feed. Looked at are what a test logged and printed, what its commands answered, its failure, and every file that it left: of
these not the stores, which the tests also keep plain to see them sealed, and not what itself gives a secret to the product.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog
from pydantic import SecretStr
from typer.testing import CliRunner

import pipeline.destination
from storage import keys

LEAST = 12
"""Characters: a shorter one stands in other words."""
GIVES = re.compile(
    r"(\.db(-\w+)?|\.env|\.key|\.lwb|\.sqlite|\.yaml|\.toml|\.py|\.rdb|\.aof|\.pem|\.both)$|(^|/)(pg|postgres|valkey|redis)"
)
"""Files that hold secrets by their nature: stores, backups, settings, keys."""
MOST_BYTES = 8 * 1024 * 1024


class Canary:
    """The secrets that the product was given so far in this process, and what the commands of a test said."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        self.said: list[str] = []

    def learn(self, *found: str) -> None:
        """More secrets; words of letters alone are none."""
        self.secrets |= {one for one in found if len(one) >= LEAST and not one.isalpha()}

    def hits(self, text: str) -> list[str]:
        """Secrets that stand in a text."""
        return sorted(secret for secret in self.secrets if secret in text)


CANARY = Canary()


def pytest_configure(config: pytest.Config) -> None:
    """Everything at DEBUG, and every door that a secret comes in by watched."""
    config.option.log_level = "DEBUG"
    for reader in ("httpx", "httpx2"):
        logging.getLogger(reader).setLevel(logging.WARNING)  # the tests' own browser, which says what it asks for
    filtering = structlog.make_filtering_bound_logger
    structlog.make_filtering_bound_logger = lambda *_, **__: filtering(logging.DEBUG)
    pipeline.destination.destination = _watched(pipeline.destination.destination, _of_address)
    keys.digest_of = _watched(keys.digest_of, lambda given, _: [given])
    SecretStr.get_secret_value = _watched(SecretStr.get_secret_value, _of_setting)  # type: ignore[method-assign]
    CliRunner.invoke = _heard(CliRunner.invoke)  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The report of a test, failed where a secret stands in anything that came out of it."""
    report = yield
    if report.when != "teardown":
        return report
    texts = dict(report.sections) | {
        "a command": "\n".join(CANARY.said),
        "the failure": report.longreprtext,
    }
    CANARY.said.clear()
    if folder := getattr(item, "funcargs", {}).get("tmp_path"):
        texts |= {str(file): file.read_bytes()[:MOST_BYTES].decode("latin-1") for file in _left(folder)}
    found = [
        f"{secret[:4]}… ({len(secret)} characters) in {place}"
        for place, text in texts.items()
        for secret in CANARY.hits(text)
    ]
    if found:
        report.outcome, report.longrepr = "failed", "a secret came out: " + "; ".join(found)
    return report


def _left(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and not GIVES.search(str(file.relative_to(folder)))]


def _watched(function: Callable[..., Any], secrets: Callable[[Any, Any], list[str]]) -> Callable[..., Any]:
    def watched(given: Any) -> Any:
        answer = function(given)
        CANARY.learn(*secrets(given, answer))
        return answer

    return watched


def _heard(function: Callable[..., Any]) -> Callable[..., Any]:
    def heard(*args: Any, **named: Any) -> Any:
        result = function(*args, **named)
        CANARY.said.append(f"{result.output}\n{result.exception!r}")
        return result

    return heard


def _of_address(url: str, found: Any) -> list[str]:
    host = urlsplit(found.address).hostname or ""
    kept = [found.token, *found.secrets]
    if found.channel == "webhook":
        parts = urlsplit(found.address)
        return [*kept, parts.path.strip("/"), parts.query, parts.password or ""]
    return (
        [*kept] if found.channel in ("mailto", "telegram") else [*kept, found.address if found.address != host else ""]
    )


def _of_setting(_: Any, value: str) -> list[str]:
    if "://" not in value:
        return [value]
    try:
        return [urlsplit(value).password or ""]
    except ValueError:
        return []
