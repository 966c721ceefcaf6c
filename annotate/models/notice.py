from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotate.enums import ListenerKind, NoticeEvent, NoticeState

from .person import Person
from .project import Project


class Listener(models.Model):
    """Who is told what happens in a project: a program at an address, or members by e-mail.

    The secret that signs what a program is sent stands in no row: it is made from ``salt`` and the site's key
    (``annotate/notices/signing.py``).
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="listeners")
    kind = models.CharField(max_length=10, choices=ListenerKind.choices)
    name = models.CharField(max_length=100)
    # Of a webhook. It may be a secret of its own, and is never shown whole again.
    url = models.CharField(max_length=500, blank=True)
    # Of e-mail: whoever has one of these roles when something happens.
    roles = models.JSONField(default=list, blank=True)
    events = models.JSONField(default=list)
    salt = models.CharField(max_length=32)
    created_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    # Whether there was work in the queue when it was last looked at, and when it was last said to have run dry.
    saw_work = models.BooleanField(default=False)
    said_empty_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(kind=ListenerKind.WEBHOOK) & ~Q(url="") | Q(kind=ListenerKind.MAIL, url=""),
                name="listener_has_an_address_or_roles",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def event_labels(self) -> list[str]:
        return [str(NoticeEvent(event).label) for event in self.events]


class Notice(models.Model):
    """One thing that happened, on its way to one listener, or there. The table is the queue of record.

    Written in the transaction of what it tells of. ``key`` names what happened: the same never goes to a listener
    twice. ``attempts`` is a fencing token, as a unit's is: who lost the lease writes nothing more.
    """

    listener = models.ForeignKey(Listener, on_delete=models.CASCADE, related_name="notices")
    # Whom it is mailed to; None: it goes to the listener's address.
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.CASCADE, related_name="notices"
    )
    # The same for every try, by which a receiver knows what it has had.
    message_id = models.CharField(max_length=32, unique=True)
    event = models.CharField(max_length=20, choices=NoticeEvent.choices)
    key = models.CharField(max_length=120)
    # Numbers and words of the program, of which a sentence is made; no text of traces, no name of a person.
    facts = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=NoticeState.choices, default=NoticeState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Tries that "send again" has taken off the account.
    forgiven = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    # What was answered last: a status where there was one, and words, which are the receiver's.
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=Q(event__in=NoticeEvent.values), name="notice_event_is_known"),
            models.CheckConstraint(condition=Q(state__in=NoticeState.values), name="notice_state_is_known"),
            models.UniqueConstraint(
                fields=("listener", "key"), condition=Q(person=None), name="notice_once_per_listener"
            ),
            models.UniqueConstraint(
                fields=("listener", "key", "person"),
                condition=Q(person__isnull=False),
                name="notice_once_per_person",
            ),
        )
        indexes = (
            models.Index(fields=("next_at",), condition=Q(state="waiting"), name="notice_due"),
            models.Index(fields=("listener", "-id"), name="notice_of_listener"),
        )

    def __str__(self) -> str:
        return f"{self.event} to {self.listener_id}"
