"""No page, list or turn of work reads a table that grows with the project: looked at in PostgreSQL's own plans.

``auto_explain`` tells of every statement that is executed how it was done and how many rows each part of it has read,
prepared ones among them. A project of some thousand traces has up to a hundred times as many rows as a page may read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from annotate.assign.compare import making
from annotate.ingest.founding import create_from_preset
from annotate.label import long_queue
from annotate.models import Comment, Label, LogEntry, Person, Project, Run, Unit, counting
from tests.benchmarks.big_project import BIG, SLUG, furnish, name_of
from tests.webapp.test_doors import routes

pytestmark = [pytest.mark.needs_postgres, pytest.mark.django_db]

N_TRACES, N_PEOPLE, N_LINES = 4000, 20, 20_000
# What one part of a statement may read of a table that grows: pages hold up to 100 rows and what belongs to them.
MOST_ROWS = 2500
# Where a count stops, and from where on it is kept, in a project as small as this.
MOST_COUNTED, MANY = 500, 1000
# What these show is worked out over the whole project, before something is done to all of it.
WHOLE = {
    "rubrics/<int:pk>/use/": "counts what would become of each label",
}
# Counts that the first to look waits for, and that are kept then for everybody (docs/scaling.md).
KEPT = re.compile(
    r'rows: SELECT (COUNT\(\*\) AS "__count" FROM "annotate_trace" WHERE "annotate_trace"."project_id" = \d+$'
    r'|SUM\("annotate_trace"."n_steps"\)'
    r'|"annotate_project"."id" AS "pk", COALESCE\(\(SELECT COUNT\('
    r'|"annotate_assignment"."state" AS "state", COUNT\('
    r'|"annotate_unit"."(state|error)" AS "(state|error)", COUNT\('
    r'|COUNT\("annotate_completion"."id"\) AS "n", SUM\('
    r'|"annotate_completion"."finish_reason" AS "finish_reason", "annotate_completion"."error" AS "error", COUNT\()'
)
# Their answers are files, or nothing that is read.
NO_PAGES = re.compile(r"\.csv$|\.svg$|/draft/|schema/|^sign-|^api/sign-|^api/$|^join/")


@dataclass
class Ear:
    """What the server says of the statements that this connection executes."""

    said: list[str] = field(default_factory=list)

    def hear(self, notice: Any) -> None:
        self.said.append(notice.message_primary)

    def read(self) -> dict[str, int]:
        """Rows read by statement, those of a plan's greediest part that reads a table of BIG."""
        found: dict[str, int] = {}
        for said in self.said:
            if "Query Text" not in said:
                continue
            plan = json.loads(said[said.index("{") :])
            most = max((rows_of(part) for part in parts_of(plan["Plan"])), default=0)
            found[plan["Query Text"]] = max(most, found.get(plan["Query Text"], 0))
        self.said.clear()
        return found


def parts_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from parts_of(part)


def rows_of(part: dict[str, Any]) -> int:
    if str(part.get("Relation Name", "")).removeprefix("annotate_") not in (*BIG, "comment", "logentry"):
        return 0
    thrown_away = part.get("Rows Removed by Filter", 0) + part.get("Rows Removed by Index Recheck", 0)
    return int((part["Actual Rows"] + thrown_away) * part["Actual Loops"])


@contextmanager
def listening() -> Iterator[Ear]:
    connection.ensure_connection()
    ear = Ear()
    with connection.cursor() as cursor:
        cursor.execute("LOAD 'auto_explain'")
        for name, value in (
            ("log_min_duration", "0"),
            ("log_analyze", "on"),
            ("log_timing", "off"),
            ("log_format", "json"),
            ("log_level", "notice"),
        ):
            cursor.execute(f"SET auto_explain.{name} = '{value}'")
        cursor.execute("SET client_min_messages = notice")
        # As on a disk that reads anywhere alike: a small project is read as a large one would be on any.
        cursor.execute("SET random_page_cost = 1.1")
    connection.connection.add_notice_handler(ear.hear)
    yield ear
    connection.connection.remove_notice_handler(ear.hear)
    with connection.cursor() as cursor:
        cursor.execute("SET auto_explain.log_min_duration = -1")


def greedy(ear: Ear, ask: Callable[[], Any]) -> list[str]:
    """The statements of ``ask`` that read too much: for who asks first, and for who finds counts kept after that."""
    cache.clear()
    ear.said.clear()
    answer = ask()
    wrong = [said for said in _too_many(ear) if not KEPT.search(said)]
    # What says no, says so the second time.
    if getattr(answer, "status_code", 200) == 200:
        ask()
    return [*wrong, *_too_many(ear)]


def _too_many(ear: Ear) -> list[str]:
    return [f"{rows:,} rows: {text[:600]}" for text, rows in ear.read().items() if rows > MOST_ROWS]


def with_a_past(project: Project) -> None:
    """A run that gave up at every trace, another that has hardly begun, and a long logbook."""
    failed, begun = project.runs.filter(rater__isnull=False).order_by("pk")
    Unit.objects.filter(run=failed).update(state="failed", error="The answer was cut off.")
    Unit.objects.filter(run=begun).update(state="pending")
    Run.objects.filter(pk=begun.pk).update(state="running")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO annotate_logentry (at, project_pk, actor_pk, via, verb, noun, subject_pk, before, after)"
            " SELECT now(), %s, 1, 'page', 'created', CASE i %% 2 WHEN 0 THEN 'decision' ELSE 'gold' END, i, '{}', '{}'"
            " FROM generate_series(1, %s) i",
            [project.pk, N_LINES],
        )
        cursor.execute("ANALYZE")


def client_of(name: str) -> Client:
    client = Client()
    client.force_login(Person.objects.get(username=name))
    return client


def pages_of(project: Project) -> Iterator[tuple[str, str]]:
    """(who asks, path) of every address that shows something, with real keys; of the queue for each kind of person."""
    run, consensus = project.runs.filter(rater__isnull=False).first(), project.runs.get(rater=None)
    trace = project.traces.order_by("pk")[1]
    assert run is not None
    ids = {
        "traces": trace.pk,
        "problems": trace.problem_id,
        "rubrics": project.rubric_id,
        "raters": project.raters.get(name=name_of(0)).pk,
        "runs": run.pk,
        "consensus": consensus.pk,
        "decisions": consensus.consensus.order_by("pk")[0].pk,
        "comments": Comment.objects.order_by("pk")[0].pk,
        "labels": Label.objects.order_by("pk")[0].pk,
    }
    for route in routes():
        words = re.findall(r"(\w+)/<int:pk>", route)
        if route in WHOLE or NO_PAGES.search(route) or any(word not in ids for word in words):
            continue
        path = re.sub(r"(\w+)/<int:pk>", lambda match: f"{match[1]}/{ids[match[1]]}", f"/{route}")
        path = path.replace("<slug:slug>", SLUG)
        if "<" not in path:
            yield "owner", path
    lists = f"/projects/{SLUG}/traces/"
    for wanted in ("state=unread", "state=read", "use=gold", "outcome=wrong", "stratum=set2", "has_gold=yes"):
        yield "owner", f"{lists}?{wanted}"
    yield "owner", f"{lists}?after={project.traces.order_by('-pk')[100].pk}"
    # Few or none are like that, and no index leads there.
    for wanted in (
        *("state=unqueued", "state=under_way", "use=exam", "outcome=ungradable", "has_gold=no"),
        *("least_disagreement=0.9", "state=under_way&use=gold", "stratum=set2&outcome=ungradable"),
    ):
        yield "owner", f"{lists}?{wanted}"
    for wanted in ("action=ask", "action=drop", "reason=majority", "reason=nobody", "tier=A", "after=1"):
        yield "owner", f"/consensus/{consensus.pk}/?{wanted}"
        yield "owner", f"/api/runs/{consensus.pk}/decisions/?{wanted}"
    for wanted in (
        *("rater=gold/key", "rater=nobody", f"rater={name_of(1)}", f"rater={name_of(1)}&is_live=false"),
        *(
            "rater_kind=gold",
            "rater_kind=rollout",
            "rater_kind=review",
            "rater_kind=judge",
            "rater_kind=person",
        ),
        *("is_live=false", "criterion=nobody", "criterion=verdict", "criterion=comment", "step=9", "step=99"),
        *("rater_kind=judge&is_live=false", "page_size=500"),
    ):
        yield "owner", f"/api/projects/{SLUG}/labels/?{wanted}"
    for run in project.runs.filter(rater__isnull=False):
        yield "owner", f"/runs/{run.pk}/"
        yield "owner", f"/runs/{run.pk}/failed/"
        yield "owner", f"/runs/{run.pk}/failed/?after={Unit.objects.filter(run=run).order_by('pk')[3000].pk}"
    for noun in ("", "gold", "member", "nobody"):
        yield "owner", f"/projects/{SLUG}/log/?noun={noun}"
        yield "owner", f"/api/projects/{SLUG}/log/?noun={noun}"
    yield "owner", f"/projects/{SLUG}/log/?before={LogEntry.objects.order_by('pk')[100].pk}"
    yield "owner", "/metrics/"
    yield "owner", f"/projects/{SLUG}/review/?order=ask"
    yield "owner", f"/projects/{SLUG}/review/?show=decided"
    for name in ("carol", name_of(1)):
        for path in (
            "",
            f"projects/{SLUG}/",
            f"projects/{SLUG}/queue/",
            f"projects/{SLUG}/history/",
            "me/progress/",
        ):
            yield name, f"/{path}"
        yield name, f"/api/projects/{SLUG}/history/"
    yield "carol", f"/traces/{trace.pk}/review/"


@pytest.mark.timeout(900)
def test_what_people_look_at_and_do_reads_few_rows_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("plans are PostgreSQL's: runs with --database postgres")
    monkeypatch.setattr(counting, "MANY", MANY)
    monkeypatch.setattr(counting, "MOST_COUNTED", MOST_COUNTED)
    monkeypatch.setattr(long_queue, "MOST_READ", MOST_COUNTED)
    monkeypatch.setattr(long_queue, "MOST_LOOKED_AT", MOST_COUNTED)
    monkeypatch.setattr(making, "MOST_AT_ONCE", MOST_COUNTED)
    monkeypatch.setattr(long_queue, "WINDOW", 20)
    monkeypatch.setattr(long_queue, "ENOUGH", 20)
    cache.clear()
    project = furnish(N_TRACES, N_PEOPLE)
    with_a_past(project)
    # The machine room, too.
    Person.objects.filter(username="owner").update(is_superuser=True)
    clients = {name: client_of(name) for name in ("owner", "carol", name_of(1))}
    wrong: dict[str, list[str]] = {}
    n_looked_at = 0
    with listening() as ear:
        for name, path in pages_of(project):
            found = greedy(ear, partial(clients[name].get, path))
            n_looked_at += 1
            if found:
                wrong[f"{name} {path}"] = found
        if found := greedy(ear, partial(a_turn, clients[name_of(1)])):
            wrong["claim, label, submit"] = found
        # A prepared statement is planned by its values at first, and by none of them once that seems no worse.
        with connection.cursor() as cursor:
            cursor.execute("SET plan_cache_mode = force_generic_plan")
        if found := greedy(ear, partial(a_turn, clients[name_of(1)])):
            wrong["claim, label, submit by plans that are kept"] = found
        with connection.cursor() as cursor:
            cursor.execute("RESET plan_cache_mode")
        Project.objects.filter(pk=project.pk).update(rubric=create_from_preset(project, "preference"))
        for wanted in ("", "?sides=traces&per_problem=3", "?sides=steps&per_problem=1"):
            path = f"/projects/{SLUG}/compare/make/{wanted}"
            if found := greedy(ear, partial(clients["owner"].get, path)):
                wrong[path] = found
    cache.clear()
    assert n_looked_at > 140
    assert not wrong, "\n".join(f"{path}\n  " + "\n  ".join(said) for path, said in wrong.items())


def a_turn(client: Client) -> None:
    """A trace is claimed, one step answered by a keystroke, the sheet submitted, and the next one shown."""
    place = client.post(f"/projects/{SLUG}/queue/").headers["Location"]
    page = client.get(place).content.decode()
    token = re.findall(r'name="token" value="(\d+)"', page)[0]
    questions = dict.fromkeys(re.findall(r'name="answer-(\d+)-(\d+)"', page))
    criterion, position = next(iter(questions))
    said = {"criterion": int(criterion), "position": int(position), "value": "good", "seconds": 1.5}
    keyed = client.post(
        f"{place}answers/",
        {"token": int(token), "answers": [said]},
        content_type="application/json",
        headers={"Accept": "application/json"},
    )
    assert keyed.status_code == 200, keyed.content
    form = {f"answer-{criterion}-{position}": "good" for criterion, position in questions}
    done = client.post(
        place,
        urlencode(form | {"token": token, "submit": "1"}),
        content_type="application/x-www-form-urlencoded",
    )
    assert done.status_code == 302
    assert client.get(done.headers["Location"]).status_code == 200
