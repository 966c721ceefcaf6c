from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from annotate.assign.compare.actions import claim_comparison, release_comparison, skip_comparison
from annotate.assign.compare.queries import compare_counts
from annotate.assign.compare.uses import use_compared
from annotate.assign.manage.queries import overview_of, people_page
from annotate.assign.queries import feedback_on
from annotate.enums import AssignmentState, Purpose, Scope
from annotate.errors import Rejected
from annotate.label.answers import Said
from annotate.label.keys import write_key
from annotate.models import Assignment, Comparison, Lineup, Pair, Project, Rater, Reader
from tests.annotate.assign.compare.queues import (
    a_queue_of_lineups,
    a_queue_of_pairs,
    person,
    say,
    say_next,
    taken,
)
from tests.factories import a_criterion, a_person, a_rater, a_trace

pytestmark = pytest.mark.django_db


def with_gold(project: Project, n: int = 1, value: str = "left") -> list[Pair | Lineup]:
    """The first ``n`` of what is compared get a known answer and are used as hidden gold."""
    scope = Scope.LINEUP if project.lineups.exists() else Scope.PAIR
    things = list((project.lineups if scope == Scope.LINEUP else project.pairs).order_by("pk")[:n])
    criterion = a_criterion(project, "ranking" if scope == Scope.LINEUP else "preference")
    for thing in things:
        write_key(thing, a_person("alice"), [Said(criterion.pk, None, value)], source="A proof.")
    use_compared(project, scope, [thing.pk for thing in things], Purpose.GOLD)
    return things


def everything_said(project: Project, name: str, value: str = "left") -> list[Comparison]:
    done = []
    while (held := claim_comparison(project, person(project, name))) is not None:
        done.append(say(held, value))
    return done


def test_gold_leaves_the_queue_and_comes_at_the_rate_each_once() -> None:
    project = a_queue_of_pairs(9, gold_rate=0.5)
    gold = with_gold(project, 3)
    assert compare_counts(project).wanted == 6
    done = everything_said(project, "bob")
    met = [one.pair_id for one in done if one.purpose == Purpose.GOLD]
    assert sorted(met) == sorted(one.pk for one in gold)
    assert len(done) == 9
    # One of every two, until there is none left.
    assert sum(one.purpose == Purpose.GOLD for one in done[:6]) == 3
    assert compare_counts(project).submitted == 6


def test_a_gold_comparison_stands_under_the_number_of_an_ordinary_one() -> None:
    project = a_queue_of_pairs(6, gold_rate=0.5)
    numbers = set(Comparison.objects.values_list("pk", flat=True))
    with_gold(project, 2)
    done = everything_said(project, "bob")
    assert all(one.pk in numbers for one in done if one.purpose == Purpose.GOLD)


def test_no_rate_gives_no_gold_and_its_maker_never_meets_it() -> None:
    project = a_queue_of_pairs(4)
    with_gold(project, 2)
    assert all(one.purpose == Purpose.WORK for one in everything_said(project, "bob"))
    project.queue_rules = {"gold_rate": 0.5}
    project.save(update_fields=["queue_rules"])
    assert all(one.purpose == Purpose.WORK for one in everything_said(project, "alice"))


def test_the_score_is_kept_and_low_ones_pause_together_with_those_of_traces() -> None:
    project = a_queue_of_pairs(6, gold_rate=0.5, pause_below_accuracy=0.6, pause_window=2)
    with_gold(project, 3)
    bob = person(project, "bob")
    done = everything_said(project, "bob", "right")
    assert [one.score for one in done if one.purpose == Purpose.GOLD] == [0.0, 0.0]
    reader = Reader.objects.get(rater=bob)
    assert "0% right in the last 2 readings with a known answer" in reader.pause_words
    [told] = [one for one in people_page(project).people if one.name == "bob"]
    assert (told.gold_score, told.n_gold) == (0.0, 2)
    assert overview_of(project).n_gold_read == 2


def test_gold_of_traces_counts_into_the_same_window() -> None:
    project = a_queue_of_pairs(4, gold_rate=0.5, pause_below_accuracy=0.6, pause_window=2)
    with_gold(project, 2)
    bob = person(project, "bob")
    # A reading of a gold trace that was all right, made before.
    Assignment.objects.create(
        project=project,
        trace=a_trace(project),
        slot=0,
        state=AssignmentState.SUBMITTED,
        holder=bob,
        purpose=Purpose.GOLD,
        score=1.0,
        finished_at=timezone.now() - timedelta(hours=1),
    )
    done = everything_said(project, "bob", "right")
    scores = [one.score for one in done if one.purpose == Purpose.GOLD]
    # One wrong beside the right one makes 50 %.
    assert scores == [0.0]
    assert "50%" in Reader.objects.get(rater=bob).pause_words


def test_feedback_is_given_where_the_project_says_so_and_silence_is_kept() -> None:
    silent = a_queue_of_pairs(2, gold_rate=0.5)
    with_gold(silent)
    assert {feedback_on(one) for one in everything_said(silent, "bob")} == {""}
    telling = a_queue_of_lineups(2, gold_rate=0.5, gold_feedback=True)
    with_gold(telling, value="a>b>c")
    said = [feedback_on(one) for one in everything_said(telling, "bob", "b>a>c")]
    assert sorted(said) == [
        "",
        "That was a comparison with a known answer: 67% of what you said is what the key says.",
    ]


def test_what_is_put_back_or_skipped_stays_gold_and_asks_nobody_else() -> None:
    project = a_queue_of_pairs(4, gold_rate=0.5)
    [gold] = with_gold(project)
    bob = person(project, "bob")
    while (held := taken(project, bob)).pair_id != gold.pk:
        say(held, "left")
    release_comparison(held, held.token)
    carol = person(project, "carol")
    ordinary = [say_next(project, carol, "left") for _ in range(2)]
    assert gold.pk in {one.pair_id for one in ordinary}
    again = taken(project, bob)
    assert (again.pair_id, again.purpose) == (gold.pk, Purpose.GOLD)
    skip_comparison(again, again.token)
    assert not Comparison.objects.filter(pair=gold.pk, state=AssignmentState.OPEN).exists()


def test_nothing_is_gold_without_a_known_answer_and_what_comes_back_is_asked_about() -> None:
    project = a_queue_of_pairs(2)
    pair = project.pairs.first()
    assert pair is not None
    with pytest.raises(Rejected, match="no known answer"):
        use_compared(project, Scope.PAIR, [pair.pk], Purpose.GOLD)
    with_gold(project)
    use_compared(project, Scope.PAIR, [pair.pk], Purpose.WORK)
    assert compare_counts(project).wanted == 2
    use_compared(project, Scope.PAIR, [pair.pk], Purpose.WITHDRAWN)
    assert compare_counts(project).wanted == 1


@pytest.mark.django_db(transaction=True)
def test_people_at_once_get_each_gold_pair_once() -> None:
    project = a_queue_of_pairs(8, overlap=4, gold_rate=0.5)
    with_gold(project, 4)
    raters = [a_rater(project, name=f"reader{i}") for i in range(6)]

    def work(rater: Rater) -> None:
        try:
            while (held := claim_comparison(project, rater)) is not None:
                say(held, "left")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, raters))
    for rater in raters:  # a slot that was being lent to gold comes back when somebody may have left already
        work(rater)
    slots = Comparison.objects.filter(project=project)
    assert not slots.exclude(state=AssignmentState.SUBMITTED).exists()
    assert slots.filter(purpose=Purpose.WORK).count() == 4 * 4
    for rater in raters:
        own = slots.filter(holder=rater)
        assert own.values("pair").distinct().count() == own.count()
        gold = own.filter(purpose=Purpose.GOLD).count()
        assert gold in {own.count() // 2, (own.count() + 1) // 2, 4}
