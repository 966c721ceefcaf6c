from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotate.assign.compare.pieces import Wanted
from annotate.assign.fillings import ask_comparing
from annotate.models import Assignment, Comparison, Pair, Project, Turn
from tests.factories import a_comparing_project, a_project, a_trace, some_attempts

pytestmark = pytest.mark.django_db


def said(*options: str) -> str:
    out = StringIO()
    call_command("queue", "words", *options, stdout=out)
    return out.getvalue()


def test_the_queue_is_filled_and_put_in_order() -> None:
    project = a_project(slug="words", overlap=2)
    for _ in range(3):
        a_trace(project)
    assert "0 slots added, 0 traces placed anew" in said("--no-fill")
    assert not Assignment.objects.exists()
    assert "6 slots added, 0 traces placed anew. Order: in order of arrival." in said()
    Project.objects.update(queue_rules={"policy": "random", "seed": 2})
    assert "0 slots added, 3 traces placed anew. Order: in random order." in said()
    assert "6 open, 0 held, 0 submitted, 0 skipped." in said()
    assert set(Assignment.objects.values_list("position", flat=True)) == set(
        Turn.objects.values_list("position", flat=True)
    )


def test_a_filling_is_left_to_a_worker_stopped_and_taken_up() -> None:
    project = a_project(slug="words")
    for _ in range(3):
        a_trace(project)
    assert "Nothing of the queue is being filled." in said("--status")
    with pytest.raises(CommandError, match="not being filled just now"):
        said("--cancel")
    assert "Left to a worker." in said("--send")
    assert "Queued: 0%, 0 slots." in said("--status")
    assert "Cancelled: 0%, 0 slots." in said("--cancel")
    assert "3 slots added" in said("--resume")
    assert "Nothing of the queue is being filled." in said("--status")


def test_a_making_of_pairs_is_told_of_and_taken_up() -> None:
    project = a_comparing_project(slug="words", overlap=2)
    some_attempts(project, "one", "two")
    ask_comparing(project, Wanted("traces"))
    assert "Queued: 0%, 0 pairs, 0 lineups, 0 comparisons." in said("--status")
    assert "Cancelled: 0%" in said("--cancel")
    said("--resume")
    assert (Pair.objects.count(), Comparison.objects.count()) == (1, 2)


def test_ctrl_c_stops_it_and_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    a_trace(a_project(slug="words"))

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("webapp.management.commands.queue.work_filling", interrupted)
        with pytest.raises(CommandError, match=r"stopped.*--resume"):
            said()
    assert "1 slots added" in said("--resume")
