from __future__ import annotations

from django.db import models

from .assignment import Assignment
from .corpus import Trace
from .person import Person


class Reveal(models.Model):
    """A person has been shown what machines said about a trace; labels they give it from then on say so.

    With an ``assignment``: shown on its labelling page, after they had committed themselves. Without: they looked at
    the trace's own page, as reviewers and managers may.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="reveals")
    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="reveals")
    assignment = models.ForeignKey(
        Assignment, null=True, blank=True, on_delete=models.CASCADE, related_name="reveals"
    )
    shown_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("person", "trace"), name="reveal_once_per_person_and_trace"),
        )

    def __str__(self) -> str:
        return f"{self.person_id} saw {self.trace_id}"
