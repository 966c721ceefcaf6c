from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from annotate.assign.actions import claim_next, renew_order
from annotate.models import Assignment, Project, Rater, Reader, Turn
from annotate.models.guards import install_guards, remove_guards

BEFORE = ("annotate", "0004_worker")


@pytest.mark.django_db(transaction=True)
def test_a_queue_from_before_goes_on_where_it_was() -> None:
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    migrated(BEFORE)
    try:
        project, bob = a_queue_of_the_time_before()
    finally:
        migrated(*latest)

    turns = Turn.objects.filter(project=project).order_by("trace")
    assert [(turn.n_submitted, turn.has_gold) for turn in turns] == [(1, True), (0, False), (0, False)]
    reader = Reader.objects.get(rater=bob)
    assert (reader.n_submitted, reader.n_skipped) == (1, 1)
    open_slots = Assignment.objects.filter(project=project, state="open")
    assert set(open_slots.values_list("position", flat=True)) == {turns[2].position}
    # What the migration wrote is what the queue itself would have written.
    assert renew_order(Project.objects.get(pk=project)) == 0
    held = claim_next(Project.objects.get(pk=project), Rater.objects.get(pk=bob))
    assert held is not None
    assert held.trace_id == turns[2].trace_id


def migrated(*targets: tuple[str, str]) -> None:
    """Go there as ``migrate`` does, which takes the guards away first and brings back those that fit."""
    remove_guards(connection)
    MigrationExecutor(connection).migrate(list(targets))
    install_guards(connection)


def a_queue_of_the_time_before() -> tuple[int, int]:
    """Three traces: one submitted and one skipped by Bob, one open; the first has a gold label."""
    apps = MigrationExecutor(connection).loader.project_state([BEFORE]).apps

    def make(noun: str, **fields: object) -> object:
        return apps.get_model("annotate", noun).objects.create(**fields)

    project = make("Project", slug="old", name="Old")
    rubric = make("Rubric", project=project, name="r", version=1)
    project.rubric = rubric  # type: ignore[attr-defined]
    project.save()  # type: ignore[attr-defined]
    criterion = make("Criterion", rubric=rubric, key="verdict", title="?", scope="step", kind="verdict")
    problem = make("Problem", project=project, external_id="p", text="?", content_hash="0")
    bob = make("Rater", project=project, kind="person", name="bob")
    key = make("Rater", project=project, kind="gold", name="key")
    for i, state in enumerate(("submitted", "skipped", "open")):
        trace = make(
            "Trace",
            project=project,
            problem=problem,
            external_id=f"t{i}",
            n_steps=1,
            text_hash=str(i),
            content_hash=str(i),
        )
        step = make("Step", trace=trace, position=0, text="One.")
        is_over = {} if state == "open" else {"holder": bob, "finished_at": timezone.now()}
        make(
            "Assignment",
            project=project,
            trace=trace,
            slot=0,
            state=state,
            position=trace.pk,  # type: ignore[attr-defined]
            **is_over,
        )
        if i == 0:
            make("Label", rater=key, criterion=criterion, step=step, value="good")
    return project.pk, bob.pk  # type: ignore[attr-defined]
