from __future__ import annotations

import pytest

from annotate.addresses import reach_from
from annotate.enums import NoticeEvent, Role
from annotate.errors import Conflict, Rejected
from annotate.logbook import HIDDEN, entries_of
from annotate.models import Listener, LogEntry, Notice
from annotate.notices import listeners as rules
from annotate.notices.listeners import (
    add_mail,
    add_webhook,
    change_events,
    remove_listener,
    renew_secret,
    try_listener,
)
from annotate.notices.signing import secret_of
from tests.annotate.notices.listeners import a_webhook, some_members
from tests.factories import a_person, a_project

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"url": "http://example.org/"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["run.finished", "rm -rf"]}, "events"),
        ({"events": ["test"]}, "events"),
    ],
)
def test_what_does_not_fit_is_told_at_its_field(given: dict[str, object], field: str) -> None:
    right = {
        "name": "chat",
        "url": "https://example.org/",
        "events": ["run.finished"],
        "reach": reach_from(()),
    }
    with pytest.raises(Rejected) as refusal:
        add_webhook(a_project(), **{**right, **given})  # type: ignore[arg-type]
    assert refusal.value.field == field
    assert not Listener.objects.exists()


def test_annotators_and_viewers_are_not_mailed() -> None:
    project = a_project()
    for role in ("annotator", "viewer", "nobody"):
        with pytest.raises(Rejected) as refusal:
            add_mail(project, name="all", roles=["owner", role], events=["run.finished"])
        assert refusal.value.field == "roles"


def test_a_project_tells_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST", 2)
    project = a_project()
    a_webhook(project), some_members(project)
    with pytest.raises(Conflict):
        a_webhook(project)
    a_webhook(a_project())


def test_every_change_is_a_line_of_the_logbook_without_the_address_and_the_secret() -> None:
    project = a_project()
    hook = a_webhook(project, "https://hooks.example.org/T01/a-key")
    change_events(hook, ["queue.empty"])
    secret, salt = secret_of(hook), hook.salt
    renew_secret(hook)
    remove_listener(hook)
    made, changed, renewed, removed = entries_of(project, "listener").order_by("pk")
    assert [one.verb for one in (made, changed, renewed, removed)] == [
        "created",
        "changed",
        "changed",
        "deleted",
    ]
    assert (made.after["url"], made.after["kind"], changed.after) == (
        HIDDEN,
        "webhook",
        {"events": ["queue.empty"]},
    )
    assert renewed.after == {"salt": HIDDEN}
    said = str(list(LogEntry.objects.values_list("before", "after")))
    assert not [one for one in ("a-key", secret, salt) if one in said]


def test_a_test_goes_to_one_listener_and_to_each_member_with_an_address() -> None:
    project = a_project(a_person("alice", email="alice@example.org"), mia=Role.MANAGER, bob=Role.ANNOTATOR)
    hook, team = a_webhook(project), some_members(project, "owner", "manager")
    assert try_listener(hook) == 1
    assert try_listener(team) == 1
    assert try_listener(team) == 1
    people = (
        Notice.objects.filter(event=NoticeEvent.TEST)
        .order_by("pk")
        .values_list("person__username", flat=True)
    )
    assert list(people) == [None, "alice", "alice"]
    with pytest.raises(Conflict):
        try_listener(some_members(project, "reviewer"))
    with pytest.raises(Conflict):
        renew_secret(team)
