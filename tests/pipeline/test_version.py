"""Names of models taken apart and compared."""

from __future__ import annotations

import pytest

from pipeline import version


@pytest.mark.parametrize(
    ("name", "family", "number", "size", "active"),
    [
        ("Qwen3.5-397B-A17B", "Qwen", "3.5", 397e9, 17e9),
        ("Llama 3.1 405B", "Llama", "3.1", 405e9, None),
        ("Mixtral-8x7B", "Mixtral", None, 56e9, None),
        ("GPT-4o", "GPT", "4o", None, None),
        ("Step 3.5 Flash", "Step", "3.5", None, None),
        ("DeepSeek-V3.1", "DeepSeek", "3.1", None, None),
        ("gemma-3-270M", "gemma", "3", 270e6, None),
        ("ChatGPT", "ChatGPT", None, None, None),
    ],
)
def test_a_name_gives_family_version_and_sizes(
    name: str, family: str, number: str | None, size: float | None, active: float | None
) -> None:
    parsed = version.parse(name)
    assert (parsed.family, parsed.version, parsed.size, parsed.active) == (family, number, size, active)


@pytest.mark.parametrize(("newer", "older"), [("3.5", "3"), ("4o", "4"), ("10", "9"), ("2.1", "2.0"), ("v2", "1.9")])
def test_versions_follow_each_other(newer: str, older: str) -> None:
    assert version.compare(newer, older) == 1
    assert version.compare(older, newer) == -1
    assert version.compare(newer, newer) == 0


def test_only_a_later_version_of_the_same_family_follows() -> None:
    assert version.follows("Qwen3.5-Max", "Qwen3")
    assert not version.follows("Qwen3", "Qwen3.5")
    assert not version.follows("Llama 4", "Qwen3")
