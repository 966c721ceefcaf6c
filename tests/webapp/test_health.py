"""What machines ask of a site: whether it lives, whether it can serve, and its figures."""

from __future__ import annotations

import math
import os
import re
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from annotate.assign.actions import fill_queue
from annotate.enums import UnitState
from annotate.models import Unit, counting
from annotate.prelabel.runs.attendance import sign
from tests.factories import a_label, a_person, a_project, a_rater, a_trace
from tests.webapp.world import a_prelabel_run
from workers.process_name import machine_name

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(settings: Any, tmp_path: Any) -> Client:
    settings.METRICS_DIR = tmp_path / "metrics"
    # As behind a proxy in production: neither the address nor plain HTTP may stand in the way.
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["gradus.example"], True
    return Client(headers={"host": "10.0.0.7:8000"})


def figures(client: Client, **more: Any) -> dict[str, float]:
    answer = client.get("/metrics/", **more)
    assert answer.status_code == 200
    text = answer.content.decode()
    for line in text.splitlines():
        assert line.startswith("# ") or re.fullmatch(r'[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9.e+-]+', line), (
            line
        )
    return {name: float(n) for name, n in re.findall(r"^(\w\S*) (\S+)$", text, re.MULTILINE)}


def test_a_process_that_lives_and_can_serve_says_so_whatever_it_is_called(client) -> None:
    assert client.get("/health/").json() == {"live": True}
    assert client.get("/ready/").json() == {"ready": True, "trouble": ""}
    assert client.post("/health/").status_code == 405


def test_without_its_database_it_lives_and_is_not_ready(client, monkeypatch) -> None:
    def away() -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(connection, "cursor", away)
    assert client.get("/health/").status_code == 200
    answer = client.get("/ready/")
    assert (answer.status_code, answer.json()["trouble"]) == (503, "the database does not answer")
    assert client.get("/metrics/").status_code == 503


def test_before_the_migration_it_is_not_ready(client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'knox'")
    answer = client.get("/ready/")
    assert (answer.status_code, answer.json()["trouble"]) == (503, "the database is to be migrated")


def test_figures_are_those_of_the_rows(client, settings) -> None:
    project = a_project()
    trace = a_trace(project)
    label = a_label(a_rater(project, name="judge/one@v1", kind="judge"), trace.steps.first(), "good")
    unit = a_prelabel_run(project, trace).units.get()
    Unit.objects.filter(pk=unit.pk).update(state=UnitState.PENDING)
    sign("one", "cpu,io")
    sign("two", "cpu")
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["*"], False
    before = figures(client)
    client.get("/api/schema/")
    client.get("/sign-in/")
    client.get("/sign-in/")
    found = figures(client)

    assert found['gradus_open_units{state="pending"}'] == 1
    assert found['gradus_open_units{state="running"}'] == 0
    assert found['gradus_open_runs{state="queued"}'] == 1
    assert found["gradus_labels_written_total"] == label.pk
    assert found['gradus_workers{queue="cpu"}'] == 2
    assert found['gradus_workers{queue="io"}'] == 1
    assert found['gradus_workers{queue="gpu"}'] == 0
    assert 0 <= found["gradus_worker_heartbeat_age_seconds"] < 300
    assert 'gradus_request_duration_seconds_count{kind="page",status="2xx"}' not in before
    assert found['gradus_request_duration_seconds_count{kind="page",status="2xx"}'] == 2
    assert found['gradus_request_duration_seconds_bucket{kind="page",status="2xx",le="+Inf"}'] == 2
    assert found['gradus_request_duration_seconds_count{kind="api",status="2xx"}'] == 1


def test_prometheus_own_parser_reads_the_figures(client, settings) -> None:
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["*"], False
    sign("one", "cpu")
    for path in ("/sign-in/", "/api/schema/", "/nowhere/"):
        client.get(path)
    families = list(text_string_to_metric_families(client.get("/metrics/").content.decode()))
    kinds = {one.name: one.type for one in families}

    # A sample that is of no family would be one of its own, of no known type and without a word on it.
    assert all(one.documentation and one.samples for one in families)
    assert {name for name, kind in kinds.items() if kind == "counter"} == {
        "gradus_labels_written",
        "gradus_completions",
    }
    assert kinds.pop("gradus_request_duration_seconds") == "histogram"
    assert set(kinds.values()) == {"gauge", "counter"}
    buckets: dict[tuple[str, str], list[tuple[float, float]]] = {}
    counts = {}
    for sample in families[-1].samples:
        place = (sample.labels["kind"], sample.labels["status"])
        if sample.name.endswith("_bucket"):
            buckets.setdefault(place, []).append((float(sample.labels["le"]), sample.value))
        elif sample.name.endswith("_count"):
            counts[place] = sample.value
    assert counts == {("page", "2xx"): 1, ("page", "4xx"): 1, ("api", "2xx"): 1}
    for place, found in buckets.items():
        assert found == sorted(found)
        assert [n for _, n in found] == sorted(n for _, n in found)
        assert found[-1] == (math.inf, counts[place])


def test_figures_are_for_this_machine_or_for_whoever_has_the_token(client, settings) -> None:
    client.force_login(a_person("alice"))
    assert client.get("/metrics/", REMOTE_ADDR="10.0.0.9").status_code == 404
    # A proxy on this machine passes on what comes from elsewhere.
    assert client.get("/metrics/", headers={"x-forwarded-for": "10.0.0.9"}).status_code == 404
    settings.METRICS_TOKEN = "a-long-token"
    assert client.get("/metrics/").status_code == 404
    assert client.get("/metrics/", headers={"authorization": "Bearer another"}).status_code == 404
    assert figures(client, headers={"authorization": "Bearer a-long-token"}, REMOTE_ADDR="10.0.0.9")


def test_counts_of_a_process_that_ended_still_count(client, settings) -> None:
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["*"], False
    client.get("/sign-in/")
    name = 'gradus_request_duration_seconds_count{kind="page",status="2xx"}'
    [mine] = settings.METRICS_DIR.glob(f"{machine_name()}-{os.getpid()}-*.counts")
    (settings.METRICS_DIR / "1.counts").write_bytes(mine.read_bytes())
    (settings.METRICS_DIR / "2.counts").write_bytes(b"broken off")
    assert figures(client)[name] == 2


def test_figures_stop_counting(client, settings, monkeypatch) -> None:
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["*"], False
    monkeypatch.setattr(counting, "MOST_COUNTED", 2)
    project = a_project()
    a_rater(project, name="judge/one@v1", kind="judge")
    run = a_prelabel_run(project, a_trace(project))
    Unit.objects.bulk_create(
        Unit(run=run, trace=trace, problem=trace.problem, state=state)
        for trace, state in zip(
            (a_trace(project) for _ in range(6)), ["failed"] * 4 + ["running"] * 2, strict=True
        )
    )
    fill_queue(project)
    found = figures(client)

    assert found['gradus_open_units{state="done"}'] == 1
    assert found['gradus_open_units{state="running"}'] == 2
    assert found['gradus_open_units{state="failed"}'] == found["gradus_failed_units"] == 3
    assert found['gradus_reading_slots{state="open"}'] == 3
    assert found['gradus_reading_slots{state="held"}'] == 0
