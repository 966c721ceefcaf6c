"""Every message reaches the workers twice, in any order: the broker's own lists are doubled and shuffled."""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.faults.installation import Installation
from tests.faults.ledger import a_server
from tests.faults.scene import a_run, a_scene, counted_run, doubled_labels, is_over, until

N_FILES, N_ROWS = 2, 20
# Neither waits for what people or machines say.
POLICIES = ("majority", "dawid_skene")


def trial(site: Installation, seconds: float, dice: random.Random) -> dict[str, int]:
    from annotate.consensus.actions import ask_consensus
    from annotate.enums import UploadState
    from annotate.models import Assignment, Project, Run, Trace, Upload
    from workers.tasks.assign import send_filling
    from workers.tasks.consensus import send_consensus
    from workers.tasks.ingest import send_upload
    from workers.tasks.measure import send_measure
    from workers.tasks.prelabel import send_run

    worker = site.parts["worker"]
    worker.kill()
    with a_server() as ledger:
        scene = a_scene("twice", n_problems=4 + round(seconds / 4), n_people=1)
        project = Project.objects.get(slug=scene.slug)
        runs = [a_run(scene.slug, ledger, rater_name="rollout/one@1")]
        other = a_scene("twice-more", n_problems=4, n_people=0)
        with a_server() as other_ledger:
            runs.append(a_run(other.slug, other_ledger))
            files = [_a_file(site, project, number) for number in range(N_FILES)]
            for run in Run.objects.filter(pk__in=runs):
                send_run(run)
            for upload in files:
                send_upload(upload)
            consensus = [ask_consensus(project, policy=policy) for policy in POLICIES]
            for run in consensus:
                send_consensus(run)
            send_filling(project)
            send_measure(project)
            n_messages = _double(site, dice)
            worker.start()
            until(lambda: all(is_over(run) for run in runs), 240, worker)
            is_read = until(
                lambda: Upload.objects.filter(state=UploadState.DONE).count() == N_FILES, 120, worker
            )
            until(lambda: all(is_over(run.pk) for run in consensus), 60, worker)
            one, two = counted_run(runs[0], ledger), counted_run(runs[1], other_ledger)
        decided, doubled = _counted(project, [run.pk for run in consensus])
        ids = Trace.objects.filter(project=project, external_id__startswith="file").values_list(
            "external_id", flat=True
        )
        slots = Assignment.objects.filter(project=project).values_list("trace", "slot")
        return {
            "messages doubled": n_messages,
            "completions": one["completions"] + two["completions"],
            "paid twice": one["asked again"] + two["asked again"],
            "labels doubled": sum(doubled_labels(run) for run in runs),
            "files doubled": sum(n - 1 for n in Counter(ids).values())
            + sum(n - 1 for n in Counter(slots).values()),
            "traces from files": len(ids),
            "consensus runs": decided,
            "decisions doubled": doubled,
            "units done": one["units done"] + two["units done"],
            "units given up": one["units given up"] + two["units given up"],
            "held for ever": one["held for ever"] + two["held for ever"] + (not is_read),
        }


def _counted(project: Any, asked: Sequence[int]) -> tuple[int, int]:
    """How many consensus runs are done; and runs that nobody asked for, with how often one was taken up again."""
    from annotate.consensus.unfinished import tries_of
    from annotate.enums import RunKind, RunState
    from annotate.models import Run

    runs = Run.objects.filter(project=project, kind=RunKind.CONSENSUS)
    again = sum(tries_of(run) - 1 for run in runs.filter(state=RunState.DONE))
    return runs.filter(state=RunState.DONE).count(), runs.exclude(pk__in=asked).count() + again


def _double(site: Installation, dice: random.Random) -> int:
    """Take what waits, and put it back twice in any order; how many messages there were."""
    import redis

    from workers.celery import QUEUES

    n = 0
    with redis.Redis.from_url(site.broker_url) as broker:
        for name in QUEUES:
            key = f"gradus.{name}"
            waiting: list[Any] = broker.lrange(key, 0, -1)  # type: ignore[assignment]
            if not waiting:
                continue
            n += len(waiting)
            both = waiting + [_again(message) for message in waiting]
            dice.shuffle(both)
            broker.delete(key)
            broker.rpush(key, *both)
    return n


def _again(message: bytes) -> bytes:
    """The same message in an envelope of its own, as when a broker delivers it a second time."""
    whole = json.loads(message)
    whole["properties"]["delivery_tag"] = str(uuid.uuid4())
    return json.dumps(whole).encode()


def _a_file(site: Installation, project: Any, number: int) -> Any:
    from annotate.ingest.uploads import add_piece, ask_ingest, begin_upload
    from workers.tasks.ingest import store

    rows = (
        json.dumps(
            {
                "id": f"file{number}-{row}",
                "problem": {"text": f"What is {number} and {row}?"},
                "steps": [f"It is {row}.\n", f"Answer: {row}"],
            }
        )
        for row in range(N_ROWS)
    )
    path = Path(site.home) / f"file{number}.jsonl"
    path.write_text("\n".join(rows) + "\n")
    upload = begin_upload(project, None, store(), name=path.name, size=path.stat().st_size)
    with path.open("rb") as body:
        add_piece(upload, store(), offset=0, body=body)
    return ask_ingest(upload, store(), format="jsonl")
