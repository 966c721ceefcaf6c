from __future__ import annotations

import pytest

from annotate.enums import Purpose, RaterKind
from annotate.models import Comparison, Label, Project
from tests.annotate.assign.compare.queues import a_queue_of_lineups, a_queue_of_pairs
from tests.factories import a_criterion, a_pair_label, a_rater
from tests.webapp.views.clients import queries_of, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_queue_of_pairs(3, gold_rate=0.5, gold_feedback=True)


def test_a_manager_notes_what_is_known_and_a_reader_hears_of_it_afterwards(project: Project) -> None:
    pair, question = project.pairs.earliest("pk"), a_criterion(project, "preference").pk
    alice = signed_in("alice")
    listed = alice.get(f"/projects/{project.slug}/compare/all/").text
    assert f"/pairs/{pair.pk}/review/" in listed
    assert "Note the known answer" in alice.get(f"/pairs/{pair.pk}/review/").text
    sent = {f"key-answer-{question}": "left", "key-source": "A proof.", "key-use": "gold"}
    noted = alice.post(f"/pairs/{pair.pk}/key/", sent, follow=True)
    assert "The known answer is noted." in noted.text
    assert "It is hidden gold" in noted.text
    pair.refresh_from_db()
    assert pair.use == Purpose.GOLD
    bob, said = signed_in("bob"), []
    where = bob.post(f"/projects/{project.slug}/compare/").headers["Location"]
    while "/comparisons/" in where:
        held = Comparison.objects.get(pk=where.strip("/").split("/")[-1])
        answer = bob.post(where, {"token": held.token, f"answer-{question}": "left"}, follow=True)
        said.append("you said what the key says" in answer.text)
        where = answer.redirect_chain[-1][0]
    assert sorted(said) == [False, False, True]


def test_a_key_needs_a_source_and_an_answer(project: Project) -> None:
    pair, question = project.pairs.earliest("pk"), a_criterion(project, "preference").pk
    alice = signed_in("alice")
    for sent in (
        {f"key-answer-{question}": "left", "key-source": "", "key-use": "gold"},
        {"key-source": "A proof.", "key-use": "gold"},
    ):
        assert alice.post(f"/pairs/{pair.pk}/key/", sent).status_code == 400
    assert not Label.objects.filter(rater__kind=RaterKind.GOLD).exists()


def test_keys_that_came_with_a_file_become_gold_by_one_button(project: Project) -> None:
    key = a_rater(project, RaterKind.GOLD, "gold/file")
    for pair in project.pairs.order_by("pk")[:2]:
        a_pair_label(key, pair, "left")
    alice, page = signed_in("alice"), f"/projects/{project.slug}/compare/all/"
    assert "2 of the ordinary ones have a known answer" in alice.get(page).text
    done = alice.post(f"/projects/{project.slug}/compare/use-known/", follow=True)
    assert "2 are hidden gold from now on." in done.text
    assert project.pairs.filter(use=Purpose.GOLD).count() == 2
    assert alice.get(f"{page}?use=gold").text.count("/review/") == 2


def test_the_list_costs_no_query_for_each_and_pages_by_key(project: Project) -> None:
    alice, page = signed_in("alice"), f"/projects/{project.slug}/compare/all/"
    with_three = queries_of(alice, page)
    project.pairs.exclude(pk=project.pairs.earliest("pk").pk).delete()
    assert queries_of(alice, page) == with_three
    assert "There is nothing of that kind." in alice.get(f"{page}?after={10**9}").text
    assert alice.get(f"{page}?after=x&use=y&what=z").status_code == 200


def test_a_lineup_is_reviewed_with_its_orders_side_by_side_and_its_key() -> None:
    project = a_queue_of_lineups(overlap=2)
    lineup, question = project.lineups.get(), a_criterion(project, "ranking").pk
    for name, value in (("ann", "a>b>c"), ("ben", "b>a=c")):
        rater = a_rater(project, name=name)
        Label.objects.create(rater=rater, criterion_id=question, lineup=lineup, value=value)
    alice, path = signed_in("alice"), f"/lineups/{lineup.pk}/review/"
    assert path in alice.get(f"/projects/{project.slug}/review/pairs/").text
    page = alice.get(path).text
    for shown in ("Solution A", "A&gt;B&gt;C", "B&gt;A=C", "Reader A"):
        assert shown in page
    sent = {f"decide-{question}-trace": "b>a=c", f"reason-{question}-trace": "", "seen": "0", "save": "1"}
    refused = alice.post(path, sent | {f"order-{question}-trace": "c>b"})
    assert refused.status_code == 400
    assert "The lineup: a has no rank yet" in refused.text
    assert alice.post(path, sent).status_code == 302
    assert "Decided b&gt;a=c by alice" in alice.get(path).text
    noted = {f"key-answer-{question}": "a>b>c", "key-source": "Graded.", "key-use": "gold"}
    assert alice.post(f"/lineups/{lineup.pk}/key/", noted).status_code == 302
    lineup.refresh_from_db()
    assert lineup.use == Purpose.GOLD
    assert signed_in("bob").post(f"/lineups/{lineup.pk}/key/", {"use": "work"}).status_code == 403
    assert alice.post(f"/lineups/{lineup.pk}/key/", {"use": "exam"}).status_code == 400
    assert alice.post(f"/lineups/{lineup.pk}/key/", {"use": "work"}).status_code == 302
