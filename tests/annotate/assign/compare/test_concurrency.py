"""Several people at once, each with a database connection of their own."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest
from django.db import connection

from annotate.assign.actions import rater_of
from annotate.assign.compare.actions import claim_comparison, release_comparison, skip_comparison
from annotate.assign.compare.filling import fill_comparisons, make_pairs
from annotate.enums import AssignmentState
from annotate.errors import Conflict
from annotate.label.comparing import Choice, submit_comparison
from annotate.models import Comparison, Label, Project, Rater
from tests.factories import a_comparing_project, a_criterion, a_person, some_attempts

PEOPLE, PAIRS, OVERLAP = 8, 10, 3

pytestmark = pytest.mark.django_db(transaction=True)


def a_project_of_pairs(n: int, overlap: int) -> Project:
    project = a_comparing_project(overlap=overlap)
    for i in range(n):
        some_attempts(project, f"one {i}", f"two {i}")
    make_pairs(project, "traces")
    return project


def compare_everything(project: Project, rater: Rater, criterion_id: int) -> None:
    dice = random.Random(rater.pk)
    try:
        while (held := claim_comparison(project, rater)) is not None:
            luck = dice.random()
            if luck < 0.1:
                release_comparison(held, held.token)
            elif luck < 0.2:
                skip_comparison(held, held.token)
            else:
                submit_comparison(held, held.token, [Choice(criterion_id, dice.choice(("left", "right")))])
    finally:
        connection.close()


def test_people_at_once_never_exceed_the_overlap_and_leave_nothing() -> None:
    project = a_project_of_pairs(PAIRS, OVERLAP)
    criterion = a_criterion(project, "preference")
    raters = [rater_of(project, a_person(f"reader{i}")) for i in range(PEOPLE)]
    with ThreadPoolExecutor(PEOPLE) as pool:
        list(pool.map(lambda rater: compare_everything(project, rater, criterion.pk), raters))
    for rater in raters:  # whatever opened after somebody had left
        compare_everything(project, rater, criterion.pk)
    slots = Comparison.objects.filter(project=project)
    assert not slots.filter(state=AssignmentState.HELD).exists()
    assert set(Counter(slots.exclude(holder=None).values_list("pair_id", "holder_id")).values()) == {1}
    standing = Counter(slots.exclude(state=AssignmentState.SKIPPED).values_list("pair_id", flat=True))
    assert set(standing.values()) == {OVERLAP}
    submitted = slots.filter(state=AssignmentState.SUBMITTED)
    assert Label.objects.counted().count() == submitted.count()
    for one in submitted:
        assert Label.objects.filter(pair=one.pair_id, rater=one.holder_id).count() == 1


def test_two_tabs_of_one_person_get_one_comparison() -> None:
    project = a_project_of_pairs(4, 2)
    bob = rater_of(project, a_person("bob"))
    at_once = Barrier(4)

    def claim(_: int) -> int | None:
        try:
            at_once.wait()
            held = claim_comparison(project, bob)
            return held and held.pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(claim, range(4)))) == 1
    assert Comparison.objects.filter(holder=bob).count() == 1


def test_one_answer_sent_many_times_at_once_is_written_once() -> None:
    project = a_project_of_pairs(1, 1)
    criterion = a_criterion(project, "preference")
    held = claim_comparison(project, rater_of(project, a_person("bob")))
    assert held is not None
    at_once = Barrier(4)

    def submit(_: int) -> None:
        try:
            at_once.wait()
            submit_comparison(held, held.token, [Choice(criterion.pk, "left")])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(submit, range(4)))
    assert Label.objects.count() == 1


def test_skipping_and_filling_at_once_keep_the_wanted_number() -> None:
    project = a_project_of_pairs(1, 4)
    raters = [rater_of(project, a_person(f"reader{i}")) for i in range(4)]
    held = [claim_comparison(project, rater) for rater in raters]
    at_once = Barrier(5)

    def skip(one: Comparison | None) -> None:
        assert one is not None
        try:
            at_once.wait()
            with suppress(Conflict):
                skip_comparison(one, one.token)
        finally:
            connection.close()

    def fill(_: Comparison | None) -> None:
        try:
            at_once.wait()
            fill_comparisons(project)
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        for done in [*(pool.submit(skip, one) for one in held), pool.submit(fill, None)]:
            done.result()
    slots = Comparison.objects.filter(project=project)
    assert slots.filter(state=AssignmentState.SKIPPED).count() == 4
    assert slots.exclude(state=AssignmentState.SKIPPED).count() == 4
    assert len(set(slots.values_list("slot", flat=True))) == slots.count()
