from __future__ import annotations

import pytest

from annotate.consensus.actions import run_consensus
from annotate.export import rows
from annotate.export.rows import source_of
from annotate.label.answers import Said
from annotate.label.decisions import decide
from annotate.label.recutting import Cut, recut
from tests.annotate.export.decided import a_decided_project
from tests.factories import a_criterion, a_label, a_person, a_trace

pytestmark = pytest.mark.django_db


def test_people_are_numbered_and_machines_keep_their_names():
    decided = a_decided_project(whole=("g", "g"))

    hidden, open_ = source_of(decided.run), source_of(decided.run, is_anonymous=False)

    assert [rater.name for rater in hidden.raters] == ["person-001", "person-002"]
    assert [rater.name for rater in open_.raters] == ["Ann Archer", "Ben Bot"]
    assert [rater.labels for rater in open_.raters] == [1, 1]


def test_labels_and_traces_that_came_later_are_not_in_the_rows():
    """A revision after the run supersedes the label that spoke, and must not change what was decided by it."""
    decided = a_decided_project(whole=("g", "g"))
    before = list(source_of(decided.run).traces())
    step = decided.traces["whole"].steps.get()
    spoken = step.labels.get(rater=decided.ann)
    type(spoken).objects.filter(pk=spoken.pk).update(is_live=False)
    a_label(decided.ann, step, "bad", supersedes=spoken)
    a_trace(decided.project)

    assert list(source_of(decided.run).traces()) == before


def test_every_trace_is_read_once_whatever_the_batch(monkeypatch):
    decided = a_decided_project(one=("gg", "gg"), two=("g", "g"), three=("ggg", "gbb"))
    whole = list(source_of(decided.run).traces())

    monkeypatch.setattr(rows, "BATCH", 1)

    assert list(source_of(decided.run).traces()) == whole
    assert [trace.trace for trace in whole] == ["one", "two", "three"]


@pytest.mark.parametrize(
    "stories", [{"a": ("g", "g")}, {"a": ("gg", "gg"), "b": ("gg", "gb"), "c": ("g", "b")}]
)
def test_a_batch_costs_the_same_queries_for_one_trace_and_three(stories, django_assert_num_queries):
    decided = a_decided_project(**stories)
    source = source_of(decided.run)

    with django_assert_num_queries(4):
        list(source.traces())


def test_a_reviewers_decision_is_a_vote_of_its_own_kind_beside_those_it_went_over():
    decided = a_decided_project(whole=("gg", "gb"))
    step = decided.traces["whole"].steps.get(position=1)
    verdict = a_criterion(decided.project)
    decide(decided.traces["whole"], a_person("alice"), [Said(verdict.pk, 1, "bad", "A slip")])
    run = run_consensus(decided.project, policy="majority")

    [trace] = source_of(run).traces()

    row = trace.steps[step.position]
    assert (row.value, row.reason) == ("bad", "reviewer_decided")
    assert [(vote.rater.kind, vote.value) for vote in row.votes] == [
        ("person", "good"),
        ("person", "bad"),
        ("review", "bad"),
    ]
    assert "alice" not in {rater.name for rater in source_of(run).raters}


def test_a_trace_cut_anew_since_the_run_is_left_out_until_it_is_as_it_was():
    decided = a_decided_project(one=("gg", "gg"), two=("gg", "gg"))
    trace, carol = decided.traces["one"], a_person("carol")
    before = list(source_of(decided.run).traces())

    recut(trace, carol, Cut(0, 1))
    assert [row.trace for row in source_of(decided.run).traces()] == ["two"]
    assert rows.n_recut(decided.run) == 1
    # The next consensus is about the steps of now.
    again = run_consensus(decided.project, policy="majority")
    assert [len(row.steps) for row in source_of(again).traces()] == [1, 2]

    recut(trace, carol, Cut(0, 2, len(before[0].steps[0].text)))
    assert list(source_of(decided.run).traces()) == before
