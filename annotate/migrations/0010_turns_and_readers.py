"""Give every trace that is queued its turn, and everybody who has labelled their row at the queue."""

import hashlib
from itertools import islice

from django.db import migrations
from django.db.models import Count, Exists, F, OuterRef, Q

BATCH = 1000
# The usual priority, shifted to where annotate/assign/ordering.py keeps it.
USUAL = 100 << 54


def fill(apps, schema_editor):
    trace, turn, assignment, label, rater, reader = (
        apps.get_model("annotate", name) for name in ("Trace", "Turn", "Assignment", "Label", "Rater", "Reader")
    )
    gold = label.objects.filter(step__trace=OuterRef("pk"), rater__kind="gold", is_live=True)
    queued = (
        trace.objects.filter(assignments__isnull=False)
        .annotate(n=Count("assignments", filter=Q(assignments__state="submitted")), has_gold=Exists(gold))
        .order_by("pk")
        .values_list("pk", "project_id", "external_id", "n", "has_gold")
    )
    rows = iter(queued.iterator(chunk_size=BATCH))
    while some := list(islice(rows, BATCH)):
        turn.objects.bulk_create(
            turn(
                project_id=project,
                trace_id=pk,
                n_submitted=n,
                has_gold=has_gold,
                luck=int.from_bytes(hashlib.sha256(f"0:{name}".encode()).digest()[:4]) >> 1,
                position=USUAL + (pk & 0xFFFFFFFF),
            )
            for pk, project, name, n, has_gold in some
        )
    assignment.objects.update(position=USUAL + F("trace_id"))
    people = (
        rater.objects.filter(assignments__isnull=False)
        .annotate(
            n_submitted=Count("assignments", filter=Q(assignments__state="submitted")),
            n_skipped=Count("assignments", filter=Q(assignments__state="skipped")),
        )
        .values_list("pk", "project_id", "n_submitted", "n_skipped")
    )
    reader.objects.bulk_create(
        reader(rater_id=pk, project_id=project, n_submitted=submitted, n_skipped=skipped)
        for pk, project, submitted, skipped in people
    )


class Migration(migrations.Migration):
    dependencies = [("annotate", "0009_the_queue")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
