"""The page of the notices: who is told, what became of each, and what nobody is shown again."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from annotate.enums import NoticeEvent, NoticeState, Role
from annotate.models import Listener, Notice
from annotate.notices.announcing import announce
from annotate.notices.signing import secret_of
from tests.annotate.notices.listeners import a_webhook, some_members
from tests.factories import a_person, a_project
from tests.webapp.views.clients import queries_with_one_and_three, signed_in
from workers.tasks import notices as task

pytestmark = pytest.mark.django_db

PAGE = "/projects/sums/notices/"
HOOK = {
    "kind": "webhook",
    "name": "chat",
    "url": "https://hooks.example.org/T1/a-key",
    "events": ["run.failed"],
}


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    sent: list[int] = []
    monkeypatch.setattr(task, "_send", sent.append)
    return sent


@pytest.fixture(autouse=True)
def project() -> Any:
    return a_project(a_person("alice", email="alice@example.org"), slug="sums", mia=Role.MANAGER)


def test_a_webhook_is_added_and_its_secret_shown_this_once() -> None:
    mia = signed_in("mia")
    answer = mia.post(PAGE, HOOK)
    hook = Listener.objects.get()
    assert (answer.status_code, hook.created_by.username) == (200, "mia")
    assert secret_of(hook) in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    again = mia.get(PAGE).content.decode()
    assert "https://hooks.example.org/…" in again
    assert not [secret for secret in (secret_of(hook), "a-key", hook.salt) if secret in again]
    renewed = mia.post(f"/listeners/{hook.pk}/", {"do": "renew"}).content.decode()
    assert secret_of(Listener.objects.get()) in renewed
    assert secret_of(hook) not in renewed


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"url": "http://10.0.0.1/"}, "must begin with https://"),
        ({"url": "https://192.168.0.7/"}, "is no public address"),
        ({"events": []}, "This field is required"),
        ({"kind": "mail", "roles": ["annotator"]}, "Select a valid choice"),
        ({"kind": "mail"}, "This field is required"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(given: dict[str, object], says: str) -> None:
    answer = signed_in("mia").post(PAGE, {**HOOK, **given})
    assert (answer.status_code, says in answer.content.decode()) == (400, True)
    assert not Listener.objects.exists()


def test_members_are_added_and_a_site_without_e_mail_says_so(settings: Any) -> None:
    mia = signed_in("mia")
    given = {"kind": "mail", "name": "the team", "roles": ["owner", "manager"], "events": ["queue.empty"]}
    assert mia.post(PAGE, given).status_code == 302
    page = mia.get(PAGE).content.decode()
    assert "Owner, Manager" in page
    assert "1 address)" in page
    assert "E-mail is not set up on this site" in page
    settings.HAS_EMAIL = True
    assert "E-mail is not set up" not in mia.get(PAGE).content.decode()


def test_a_listener_is_changed_tried_and_removed(project, sent, django_capture_on_commit_callbacks) -> None:
    mia, hook = signed_in("mia"), a_webhook(project)
    own = f"/listeners/{hook.pk}/"
    assert mia.post(own, {"do": "change", "events": ["queue.empty"]}).status_code == 302
    assert Listener.objects.get().events == ["queue.empty"]
    assert mia.post(own, {"do": "change"}).status_code == 400
    assert mia.post(own, {"do": "burn"}).status_code == 400
    with django_capture_on_commit_callbacks(execute=True):
        mia.post(own, {"do": "test"})
    assert (Notice.objects.get().event, sent) == ("test", [hook.pk])
    mia.post(own, {"do": "remove"})
    assert not Listener.objects.exists()
    assert not Notice.objects.exists()


def test_a_notice_given_up_says_why_in_the_receivers_words_and_is_sent_again(
    project, sent, django_capture_on_commit_callbacks
) -> None:
    hook = a_webhook(project)
    announce(project.pk, NoticeEvent.QUEUE_EMPTY, key="queue:1")
    said = {"state": NoticeState.FAILED, "attempts": 8, "status": 500, "answer": "<script>alert(1)</script>"}
    Notice.objects.update(**said, finished_at=timezone.now())
    mia, notice = signed_in("mia"), Notice.objects.get()
    page = mia.get(PAGE).content.decode()
    assert "The queue has run dry" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "Given up" in page
    with django_capture_on_commit_callbacks(execute=True):
        assert mia.post(f"/notices/{notice.pk}/again/").status_code == 302
    assert (Notice.objects.get().state, sent) == (NoticeState.WAITING, [hook.pk])
    Notice.objects.update(state=NoticeState.DELIVERED)
    assert mia.post(f"/notices/{notice.pk}/again/").status_code == 409


def test_no_row_costs_a_query_of_its_own(project) -> None:
    def make() -> None:
        some_members(project, "owner"), a_webhook(project)
        announce(project.pk, NoticeEvent.QUEUE_EMPTY, key=f"queue:{Listener.objects.count()}")

    one, three = queries_with_one_and_three(signed_in("mia"), PAGE, make)
    assert one == three


def test_the_overview_leads_here() -> None:
    assert f'href="{PAGE}"' in signed_in("mia").get("/projects/sums/overview/").content.decode()
