"""The guide's own code, run as the guide says."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path

import pytest

from annotate.models import Label, Run
from annotate.prelabel import judge, strategies
from annotate.prelabel.actions import open_run
from tests.factories import a_project, a_trace
from workers.shift import work_shift

GUIDE = Path("docs/adding_a_strategy.md")


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The strategy folder, with the guide's file beside the others."""
    (tmp_path / "plain.py").write_text(blocks()[0], encoding="utf-8")
    monkeypatch.delitem(sys.modules, f"{judge.__name__}.plain", raising=False)
    monkeypatch.setattr(judge, "__path__", [*judge.__path__, str(tmp_path)])
    monkeypatch.setattr(strategies, "STRATEGIES", dict(strategies._found()))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("with_the_file")
def test_one_file_is_enough_for_a_strategy_that_labels(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"says": [{"contains": "Is this step right?", "text": "No."}]}))
    trace = a_trace(a_project(slug="words"), n_steps=3)
    run = open_run(
        trace.project, strategy="judge/plain", backend=f"scripted:{script}", settings={"threshold": 0.4}
    )
    work_shift(run.pk)
    run = Run.objects.get(pk=run.pk)
    assert run.state == "done", run.error
    labels = Label.objects.live().filter(run=run)
    assert [(label.value, label.score) for label in labels.order_by("step__position")] == [("bad", 0.0)] * 3


@pytest.mark.usefixtures("with_the_file")
def test_the_guides_own_test_passes() -> None:
    plain = importlib.import_module(f"{judge.__name__}.plain")
    names = dict(vars(plain))
    exec(compile(blocks()[1], "test_plain.py", "exec"), names)
    assert names["requests"]
