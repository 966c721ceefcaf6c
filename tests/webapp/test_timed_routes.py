from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.factories import a_person
from webapp.durations import BUCKETS, quantile
from webapp.machine_room.slowness import LEAST_REQUESTS, slowest_routes
from webapp.timed_routes import KEPT_SECONDS, by_route, ending, forget_old, places, route_counts


@pytest.mark.django_db
def test_requests_are_counted_under_their_route_and_those_that_lead_nowhere_are_not(
    settings: Any, tmp_path: Path
) -> None:
    settings.METRICS_DIR = tmp_path
    client = Client()
    client.force_login(a_person("alice"))
    for _ in range(2):
        client.get("/projects/somebodys-secret/")
    client.get("/nowhere/")
    found = by_route(tmp_path)
    assert set(found) == {"projects/<slug:slug>/"}
    assert sum(found["projects/<slug:slug>/"][0]) == 2
    assert b"secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_the_slowest_come_first_and_few_requests_say_nothing(settings: Any, tmp_path: Path) -> None:
    settings.METRICS_DIR = tmp_path
    counts = route_counts(tmp_path)
    for i in range(LEAST_REQUESTS):
        counts.count("me/", 0.003)
        counts.count("me/tokens/", 4.0 if i >= LEAST_REQUESTS // 2 else 0.02)
        if i:
            counts.count("join/", 9.0)
    first, second = slowest_routes()
    assert (first.route, first.n) == ("me/tokens/", LEAST_REQUESTS)
    assert 0.01 < first.p50 <= 0.025
    assert 2.5 < first.p95 <= 5.0
    assert second.route == "me/"
    assert second.p95 <= BUCKETS[0]


def test_quantiles_stay_within_their_bucket_and_say_no_more_than_is_known() -> None:
    counts = [0] * (len(BUCKETS) + 1)
    counts[2] = 10
    assert BUCKETS[1] < quantile(counts, 0.5) < quantile(counts, 0.95) <= BUCKETS[2]
    counts[-1] = 1000
    assert quantile(counts, 0.95) == BUCKETS[-1]


def test_files_nobody_counts_in_any_more_go(tmp_path: Path) -> None:
    route_counts(tmp_path).count(next(iter(places())), 0.1)
    (counted,) = tmp_path.iterdir()
    old = tmp_path / f"1{ending()}"
    old.write_bytes(b"")
    long_ago = time.time() - KEPT_SECONDS - 60
    os.utime(old, (long_ago, long_ago))
    forget_old(tmp_path)
    assert list(tmp_path.iterdir()) == [counted]
