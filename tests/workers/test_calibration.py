from __future__ import annotations

import json
from pathlib import Path

import pytest

from annotate.errors import Rejected
from workers.calibration import settings_beside

CURVE = {"slope": 1.5, "intercept": -2.0, "threshold": 0.4}
JUDGE = "judge/likelihood"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "likelihood.json").write_text(json.dumps(CURVE | {"seed": 7, "n_traces": 100}))
    return tmp_path


def test_the_curve_comes_along_and_what_else_the_file_says_does_not(folder: Path) -> None:
    assert settings_beside(JUDGE, f"transformers:{folder}?batch=8") == CURVE


def test_other_strategies_backends_and_folders_bring_nothing(folder: Path, tmp_path: Path) -> None:
    assert settings_beside("rollout/scan", f"transformers:{folder}") == {}
    assert settings_beside(JUDGE, f"scripted:{folder}") == {}
    assert settings_beside(JUDGE, f"transformers:{tmp_path / 'elsewhere'}") == {}


def test_no_file_of_a_backend_that_may_not_be_named_is_opened(folder: Path) -> None:
    (folder / "likelihood.json").write_text("not a calibration")
    assert settings_beside(JUDGE, f"transformers:{folder}", allowed=["transformers:other"]) == {}
    with pytest.raises(Rejected, match="backend"):
        settings_beside(JUDGE, f"transformers:{folder}", allowed=[f"transformers:{folder}"])
