"""Verifiers that run code, from the run's row to its labels."""

from __future__ import annotations

import pytest

from annotate.enums import RunState
from annotate.models import Completion as CompletionRow
from annotate.models import Label
from annotate.prelabel.actions import open_run, retry_failed
from tests.factories import a_project, a_trace
from workers import engines
from workers.backends import sandbox_tool
from workers.sandbox.runner import sandbox_trouble
from workers.shift import work_shift

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(bool(sandbox_trouble()), reason=f"no sandbox here: {sandbox_trouble()}"),
]

STEPS = [
    "```python\nx = 6 * 7\n```\nNow `x` is 42.\n",
    "```python\nprint(x)\n```\nIt prints 43.\n",
    "Done.\n",
]


def test_a_run_labels_what_was_refuted_and_keeps_the_programs_outcome() -> None:
    project = a_project()
    a_trace(project, texts=STEPS)
    run = open_run(project, strategy="verifier/python_exec", backend="", settings={})
    assert work_shift(run.pk).finished == 1
    run.refresh_from_db()
    assert run.state == RunState.DONE, run.error
    assert sorted(Label.objects.values_list("step__position", "value")) == [(0, "good"), (1, "bad")]
    stored = CompletionRow.objects.get()
    assert stored.finish_reason == "stop"
    assert '"status": "ok"' in stored.text


def test_a_machine_without_a_sandbox_fails_the_run_by_name_and_labels_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engines.close_engines()
    project = a_project()
    a_trace(project, texts=STEPS)
    run = open_run(project, strategy="verifier/python_exec", backend="", settings={})
    with monkeypatch.context() as patched:
        patched.setattr(sandbox_tool, "sandbox_trouble", lambda: "refused: namespaces are not allowed here")
        work_shift(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "namespaces are not allowed here" in run.error
    assert not Label.objects.exists()
    retry_failed(run)
    work_shift(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.DONE
    assert Label.objects.count() == 2
