from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from annotate.errors import Conflict

from .assignment import Assignment
from .corpus import Step, Trace
from .person import Person


class Comment(models.Model):
    """What somebody writes about a step or a trace, for people. No label: it says nothing that is counted.

    Reviewers see every comment; an annotator only their own and those addressed to them
    (``annotate/label/threads.py``). ``earlier`` holds what an edited comment said before, oldest first, each with
    ``text`` and ``until``. A comment that ``returns`` a reading is why it was sent back.
    """

    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="comments")
    step = models.ForeignKey(Step, null=True, blank=True, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="comments")
    addressee = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="comments_received"
    )
    text = models.TextField()
    earlier = models.JSONField(default=list, blank=True)
    # An open question to the reviewers until it is resolved.
    asks_reviewers = models.BooleanField(default=False)
    returns = models.ForeignKey(
        Assignment, null=True, blank=True, on_delete=models.CASCADE, related_name="returns"
    )
    # Comments that came with one sending back share the moment.
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="comments_resolved"
    )

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(condition=~Q(text=""), name="comment_says_something"),
            models.CheckConstraint(
                condition=Q(resolved_by=None) | Q(resolved_at__isnull=False), name="comment_resolved_has_date"
            ),
        )
        indexes = (
            models.Index(
                fields=("trace",),
                condition=Q(asks_reviewers=True, resolved_at=None),
                name="comment_open_questions",
            ),
        )

    def __str__(self) -> str:
        return f"{self.trace_id}: {self.text[:40]}"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise Conflict("A comment is never deleted; its author may change its words.")
