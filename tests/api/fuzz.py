"""Requests made from the API's own description, sound and not: none may bring it down.

    python -m tests.api.fuzz [20000]

Prints how many requests each route had and what they were answered; the exit code says whether any answer was a 5xx.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from hypothesis import HealthCheck, Phase, given, settings

from knowledge.load import load
from pipeline.lexicon import Lexicon
from tests.api.conftest import ADMIN, House, TestClient
from tests.api.inventory import STREAMS, stock

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from schemathesis import GenerationMode
    from schemathesis.core.result import Ok
    from schemathesis.openapi import from_dict

MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def fuzz(client: TestClient, many: int, step: int = 1) -> Iterator[tuple[str, Counter[int], list[str]]]:
    """Each route, or each of so many, with what about so many requests were answered, and those that brought it down."""
    schema = from_dict(client.get("/v1/openapi.json", headers=ADMIN).json())
    found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
    operations = [one for one in found if one.path not in STREAMS][::step]
    for operation in operations:
        told: Counter[int] = Counter()
        down: list[str] = []
        for mode in MODES:
            _ask(
                operation.as_strategy(generation_mode=mode), client, many // (len(operations) * len(MODES)), told, down
            )
        yield f"{operation.method.upper()} {operation.path}", told, down


def _ask(strategy: Any, client: TestClient, many: int, told: Counter[int], down: list[str]) -> None:
    @settings(
        max_examples=many,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
        deadline=None,
    )
    @given(case=strategy)
    def ask(case: Any) -> None:
        asked = case.as_transport_kwargs(base_url="http://127.0.0.1:8000", headers=dict(ADMIN))
        asked["headers"] = {name: value.encode("latin-1", "replace") for name, value in asked["headers"].items()}
        answer = client.request(**{key: value for key, value in asked.items() if key not in ("verify", "cookies")})
        told[answer.status_code] += 1
        if answer.status_code >= 500:
            down.append(f"{answer.status_code} {case.as_curl_command()} {answer.text[:200]}")

    ask()


def main(many: int) -> int:
    """Ask, print, and say whether anything came down."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    every: Counter[int] = Counter()
    down: list[str] = []
    with TemporaryDirectory() as folder:
        stocked = stock(House(Path(folder), Lexicon(load()), {"api_per_minute": 1e9}))
        with stocked.house.client() as client:
            for name, told, fallen in fuzz(client, many):
                print(f"{name:48} {dict(sorted(told.items()))}", flush=True)
                every += told
                down += fallen
    print("\n".join(down[:20]))
    print(f"{every.total():,} requests: {dict(sorted(every.items()))}; {len(down)} brought it down")
    return 1 if down else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
