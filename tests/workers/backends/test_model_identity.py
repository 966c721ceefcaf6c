from __future__ import annotations

from pathlib import Path

import pytest

from workers.backends import model_identity
from workers.backends.model_identity import revision_of


def folder_with(place: Path, weights: bytes, config: str = "{}") -> Path:
    place.mkdir(parents=True, exist_ok=True)
    (place / "config.json").write_text(config, encoding="utf-8")
    (place / "model.safetensors").write_bytes(weights)
    return place


def test_fetched_models_are_named_by_their_commit(tmp_path: Path) -> None:
    assert revision_of("org/model", "0a1b") == "git:0a1b"
    snapshot = folder_with(tmp_path / "models--org--model" / "snapshots" / "c0ffee", b"w")
    assert revision_of(str(snapshot), None) == "git:c0ffee"
    assert revision_of("org/model", None) == ""
    assert revision_of(str(tmp_path), None) == ""


def test_folder_is_named_by_its_content(tmp_path: Path) -> None:
    first, same, other, shaped = (
        revision_of(str(folder_with(tmp_path / name, weights, config)), None)
        for name, weights, config in [
            ("a", b"1" * 99, "{}"),
            ("b", b"1" * 99, "{}"),
            ("c", b"1" * 98 + b"2", "{}"),
            ("d", b"1" * 99, '{"x": 1}'),
        ]
    )
    assert first.startswith("sha256:")
    assert first == same
    assert len({first, other, shaped}) == 3


def test_large_weights_are_sampled_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_identity, "WHOLE_BYTES", 40)
    monkeypatch.setattr(model_identity, "BLOCK_BYTES", 10)
    before = revision_of(str(folder_with(tmp_path / "a", b"1" * 100)), None)
    after = revision_of(str(folder_with(tmp_path / "a", b"1" * 99 + b"2")), None)
    assert before.startswith("sha256-sampled:")
    assert before != after
