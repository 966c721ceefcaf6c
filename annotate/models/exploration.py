from __future__ import annotations

from django.db import models

from .run import Run


class Exploration(models.Model):
    """What a consensus run comes to: risks against gold, disputes and costs, counted once so that a page need not.

    ``detail`` is what the page shows. ``columns`` are the decisions themselves as compressed arrays
    (``annotate/consensus/explore/columns.py``), by which two runs are held against each other.
    """

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="exploration", primary_key=True)
    # Labels that came in later are not counted here.
    newest_label = models.BigIntegerField(default=0, help_text="key of the newest label there was")
    detail = models.JSONField(default=dict, blank=True)
    columns = models.BinaryField(default=bytes)
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"exploration of run {self.run_id}"
