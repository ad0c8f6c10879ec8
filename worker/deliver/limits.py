"""How many messages a destination takes in how many seconds, as its vendor documents it in limits.yaml."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from storage.pacing import Limit


def limits_of(address: str) -> tuple[Limit, ...]:
    """The limits of a destination by its address; none where its vendor names none."""
    scheme, _, rest = address.partition(":")
    is_group = scheme == "telegram" and rest.rpartition("/")[2].startswith(("-", "@"))
    return _by_scheme().get("telegram-group" if is_group else scheme, ())


@cache
def _by_scheme() -> dict[str, tuple[Limit, ...]]:
    read = yaml.safe_load(Path(__file__).with_name("limits.yaml").read_text("utf-8"))
    return {scheme: tuple(Limit.model_validate(limit) for limit in told["limits"]) for scheme, told in read.items()}
