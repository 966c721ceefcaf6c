"""The client against a real server: a file in, a consensus, labels and a release out, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

import gradus_client.uploads
from annotate.enums import RaterKind, Role, RunKind
from annotate.models import Label, Project, Release, Reveal, Run, Trace, Upload
from gradus_client import Denied, Gradus, GradusError, Refused, Unreachable
from tests.factories import a_criterion, a_label, a_person, a_project, a_rater
from workers.celery import app

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    """What would wait for a worker is done while the server answers; the workers have tests of their own."""
    settings.RELEASES_DIR = tmp_path / "releases"
    monkeypatch.setitem(app.conf, "task_always_eager", True)


@pytest.fixture
def server(live_server: LiveServer) -> Gradus:
    a_project(slug="sums", carol=Role.MANAGER)
    return Gradus.sign_in(live_server.url, "carol", "carol-carol", patience=2)


def a_file(folder: Path, n: int = 3) -> Path:
    path = folder / "traces.jsonl"
    lines = [
        {
            "id": f"t{i}",
            "problem": {"text": f"{i} + {i}?"},
            "steps": [f"Twice {i}.", f"{2 * i}."],
            "labels": [
                {"step": step, "rater": name, "value": "good"} for step in range(2) for name in ("ann", "ben")
            ],
        }
        for i in range(n)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_from_a_file_to_a_release(server: Gradus, tmp_path: Path) -> None:
    project = server.project("sums")
    assert [one.slug for one in server.projects()] == ["sums"]
    tried = project.ingest(a_file(tmp_path), is_dry_run=True)
    assert (tried.created, tried.is_written, Trace.objects.count()) == (3, False, 0)
    shown: list[tuple[int, int]] = []
    report = project.ingest(a_file(tmp_path), show=lambda sent, size: shown.append((sent, size)))
    assert (report.created, report.labels, report.rejected, report.is_written) == (3, 12, 0, True)
    assert [one["external_id"] for one in project.traces()] == ["t0", "t1", "t2"]
    labels = project.labels(rater="ann")
    assert labels[["trace", "step", "value"]].values.tolist() == [
        [f"t{i}", step, "good"] for i in range(3) for step in range(2)
    ]
    assert Reveal.objects.filter(person=a_person("carol")).count() == 3
    run = project.decide("majority", timeout=10, every=0.01)
    assert (run.state, run.data["kind"]) == ("done", RunKind.CONSENSUS)
    release = project.release("parquet", timeout=20, every=0.01)
    folder = release.download(tmp_path / "out")
    assert sorted(release.files) == sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    )
    assert [one.number for one in project.releases()] == [release.number]
    # What is there is not fetched again; what was broken off or spoiled is.
    name = max(release.files)
    whole = (folder / name).read_bytes()
    (folder / name).unlink()
    (folder / f"{name}.part").write_bytes(whole[:100])
    release.download(folder)
    assert (folder / name).read_bytes() == whole
    (folder / name).write_bytes(b"spoiled")
    release.download(folder)
    assert (folder / name).read_bytes() == whole
    # All of it was there when it was broken off, and as much of something else.
    for left in (whole, whole[::-1], whole + b"more"):
        (folder / name).unlink()
        (folder / f"{name}.part").write_bytes(left)
        release.download(folder)
        assert (folder / name).read_bytes() == whole
        assert not (folder / f"{name}.part").exists()


def test_a_file_broken_off_goes_on_where_it_was(
    server: Gradus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradus_client.uploads, "PIECE", 200)
    path = a_file(tmp_path)

    def stop(sent: int, size: int) -> None:
        if sent >= 400:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        server.project("sums").ingest(path, show=stop)
    assert Upload.objects.get().received == 400
    begun: list[int] = []
    report = server.project("sums").ingest(path, show=lambda sent, size: begun.append(sent))
    assert (begun[0], report.created) == (600, 3)


def test_a_corrected_file_of_the_same_name_and_size_begins_anew(
    server: Gradus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradus_client.uploads, "PIECE", 200)
    path = a_file(tmp_path)

    def stop(sent: int, size: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        server.project("sums").ingest(path, show=stop)
    size = path.stat().st_size
    path.write_text(path.read_text().replace('"good"', '"bad" '))
    assert path.stat().st_size == size

    report = server.project("sums").ingest(path)

    assert (report.created, report.labels) == (3, 12)
    assert {label.value for label in Label.objects.all()} == {"bad"}


def test_labels_are_asked_by_machine_and_step(server: Gradus, tmp_path: Path) -> None:
    project = server.project("sums")
    project.ingest(a_file(tmp_path))
    trace = Trace.objects.first()
    judge = a_rater(trace.project, RaterKind.JUDGE, "judge/one@v1")
    a_label(judge, trace.steps.first(), "bad")
    assert [(one["rater"], one["step"]) for one in project.label_rows(rater_kind="judge")] == [
        ("judge/one@v1", 0)
    ]
    assert len(project.labels(step=1)) == 6
    assert project.labels(is_live=False).empty
    assert "value" in project.labels(is_live=False)


def test_a_run_is_watched_until_it_is_over(server: Gradus) -> None:
    project = server.project("sums")
    row = Run.objects.create(
        project=Project.objects.get(slug="sums"),
        kind=RunKind.PRELABEL,
        name="judge/critique",
        criterion=a_criterion(Project.objects.get(slug="sums")),
    )
    run = project.run(row.pk)
    seen: list[dict[str, Any]] = []

    def end(progress: dict[str, Any]) -> None:
        seen.append(progress)
        Run.objects.filter(pk=row.pk).update(state="done")

    assert run.wait(every=0.01, show=end).state == "done"
    assert seen[0]["total"] == 0
    with pytest.raises(Refused, match="over already"):
        run.cancel()
    assert [one.id for one in project.runs()] == [row.pk]


def test_what_goes_wrong_is_said_by_kind(server: Gradus, live_server: LiveServer, tmp_path: Path) -> None:
    with pytest.raises(Denied):
        server.project("nothing")
    with pytest.raises(Refused) as refused:
        server.project("sums").start_run("judge/nothing")
    assert refused.value.status == 400
    with pytest.raises(Refused, match="wrong"):
        Gradus.sign_in(live_server.url, "carol", "no")
    with pytest.raises(Denied):
        Gradus(live_server.url, "no token").projects()
    empty = tmp_path / "broken.jsonl.gz"
    empty.write_bytes(b"\x1f\x8b broken")
    with pytest.raises(GradusError, match="gzip"):
        server.project("sums").ingest(empty)
    with pytest.raises(Unreachable):
        Gradus("http://127.0.0.1:9", "token", patience=0.1).projects()


def test_a_busy_server_is_asked_again(server: Gradus, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answered = requests.Session.request

    def busy(session: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
        asked.append(url)
        if len(asked) < 2:
            answer = requests.Response()
            answer.status_code = 503
            return answer
        return answered(session, method, url, **more)

    monkeypatch.setattr(requests.Session, "request", busy)
    assert [one.slug for one in server.projects()] == ["sums"]
    assert len(asked) == 2


@pytest.mark.parametrize("status", [502, 503, 504])
def test_what_may_have_been_done_is_not_asked_a_second_time(
    server: Gradus, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """A run that is started twice is paid for twice."""
    asked: list[str] = []

    def away(session: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
        asked.append(method)
        answer = requests.Response()
        answer.status_code = status
        return answer

    project = server.project("sums")
    monkeypatch.setattr(requests.Session, "request", away)
    with pytest.raises(Unreachable, match=f"answers {status}; look whether it was done"):
        project.start_run("judge/critique", backend="scripted:x")
    assert asked == ["POST"]


def test_what_was_not_looked_at_is_asked_again(server: Gradus, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    answered = requests.Session.request

    def limited(session: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
        asked.append(1)
        if len(asked) < 2:
            answer = requests.Response()
            answer.status_code = 429
            return answer
        return answered(session, method, url, **more)

    project = server.project("sums")
    monkeypatch.setattr(requests.Session, "request", limited)
    with pytest.raises(Refused, match="judge/nothing"):
        project.start_run("judge/nothing")
    assert len(asked) == 2


def test_a_release_is_pushed_and_what_goes_wrong_is_told(
    server: Gradus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.delenv("GRADUS_HF_TOKEN_FILE", raising=False)
    kept = Project.objects.get(slug="sums")
    Release.objects.create(
        project=kept, number=1, format="jsonl", state="published", published_at=timezone.now()
    )
    release = server.project("sums").releases()[0]
    push = release.push("alice/sums")
    assert (push.data["is_private"], push.is_over) == (True, False)
    with pytest.raises(GradusError, match="This worker has no token for the Hub"):
        push.wait(timeout=20, every=0.01)
    assert push.retry(may_replace=True).data["may_replace"]
    assert [one.id for one in release.pushes()] == [push.id]
    with pytest.raises(Refused, match="no name of a data set"):
        release.push("sums")
    with pytest.raises(Refused, match="not under way"):
        push.cancel()
