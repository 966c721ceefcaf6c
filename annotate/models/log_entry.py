from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class LogEntry(models.Model):
    """One line of the logbook: who changed what, when, with what stood before and after.

    Rows are named by number and not by foreign key: an entry outlives what it is about, and the database refuses to
    change it, even to empty a reference. No name of a person is kept in it, so that a person can be forgotten.
    """

    at = models.DateTimeField(auto_now_add=True)
    # None: it belongs to no project (an account).
    project_pk = models.BigIntegerField(null=True)
    # None: nobody was signed in, as on the command line.
    actor_pk = models.BigIntegerField(null=True)
    # By which way: a page, the API, a machine token (by its beginning), or the machine itself.
    via = models.CharField(max_length=40)
    verb = models.CharField(max_length=20)
    noun = models.CharField(max_length=40)
    subject_pk = models.BigIntegerField(null=True)
    before = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name_plural = "log entries"
        indexes = (
            models.Index(fields=("project_pk", "-id"), name="log_of_project"),
            models.Index(fields=("project_pk", "noun", "-id"), name="log_by_noun"),
        )

    def __str__(self) -> str:
        return f"{self.verb} {self.noun} {self.subject_pk}"
