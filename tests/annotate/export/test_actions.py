from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from django.db import Error, transaction
from django.db.models import ProtectedError

from annotate.consensus.actions import run_consensus
from annotate.enums import ReleaseState, RunKind
from annotate.errors import Conflict, Rejected
from annotate.export.actions import build_release, export_release, export_run
from annotate.export.queries import release_folder
from annotate.export.registry import FORMATS
from annotate.ingest.founding import remove_project
from annotate.models import Estimate, Release, Run
from tests.annotate.export.decided import Decided, a_decided_project
from tests.factories import a_person, a_project, a_trace

pytestmark = pytest.mark.django_db

OF_A_CONSENSUS = sorted(name for name, layout in FORMATS.items() if layout.reads == "consensus")
# Without these a format has nothing to write for a rule that gives no probabilities.
NEEDED = {"soft_labels": {"without": "certain"}}


@pytest.fixture
def decided() -> Decided:
    return a_decided_project(whole=("ggg", "ggg"), wrong=("gb-", "gb-"), torn=("gg", "gb"), gap=("g", "b"))


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("name", OF_A_CONSENSUS)
def test_a_release_is_numbered_published_and_complete(decided, tmp_path, name):
    alice = a_person("alice")

    release = build_release(
        decided.project, folder=tmp_path, format=name, settings=NEEDED.get(name), created_by=alice
    )

    stored = Release.objects.get(pk=release.pk)
    files = files_of(release_folder(stored, tmp_path))
    assert (stored.number, stored.state, stored.run, stored.created_by) == (
        1,
        "published",
        decided.run,
        alice,
    )
    assert json.loads(files.pop("manifest.json")) == stored.manifest
    assert {file["path"]: file["sha256"] for file in stored.manifest["files"]} == {
        path: hashlib.sha256(content).hexdigest() for path, content in files.items()
    }
    assert stored.funnel["rows"][0] == {
        "reason": "all",
        "title": "All steps",
        "action": "",
        "steps": 9,
        "traces": 4,
    }
    assert stored.manifest["consensus"]["policy"] == "majority"
    assert stored.manifest["consensus"]["version"] == 2


@pytest.mark.parametrize("name", OF_A_CONSENSUS)
def test_the_same_run_gives_the_same_bytes(decided, tmp_path, name):
    settings = NEEDED.get(name)
    first = build_release(decided.project, folder=tmp_path, format=name, settings=settings)
    second = build_release(decided.project, folder=tmp_path, format=name, settings=settings)
    export_run(decided.run, tmp_path / "out", format=name, settings=settings)

    written = files_of(release_folder(first, tmp_path))
    assert (first.number, second.number) == (1, 2)
    assert files_of(release_folder(second, tmp_path)) == written
    assert files_of(tmp_path / "out") == written


@pytest.mark.parametrize("name", OF_A_CONSENSUS)
def test_no_file_names_a_person_by_default(decided, tmp_path, name):
    Estimate.objects.create(
        project=decided.project,
        criterion=decided.run.criterion,
        rater=decided.ann,
        name="accuracy",
        reason="Ann Archer has no gold",
        data_version="1",
    )

    settings = NEEDED.get(name, {})
    export_run(decided.run, tmp_path / "hidden", format=name, settings=settings)
    export_run(decided.run, tmp_path / "open", format=name, settings={"is_anonymous": False, **settings})

    assert not any(b"Archer" in content for content in files_of(tmp_path / "hidden").values())
    assert b"Archer" in files_of(tmp_path / "open")["README.md"]


def test_a_person_named_in_the_policy_is_hidden_too(decided, tmp_path):
    run = decided.run
    Run.objects.filter(pk=run.pk).update(settings={"judge": "Ann Archer", "rollouts": ["Ben Bot", "other"]})
    run.refresh_from_db()

    manifest = export_run(run, tmp_path / "out", format="trl_stepwise")

    assert manifest["consensus"]["settings"] == {"judge": "person-001", "rollouts": ["person-002", "other"]}


def test_a_published_release_cannot_be_changed(decided, tmp_path):
    release = build_release(decided.project, folder=tmp_path, format="trl_stepwise")

    with pytest.raises(Error), transaction.atomic():
        Release.objects.filter(pk=release.pk).update(number=7)


def test_a_published_release_goes_only_with_its_project(decided, tmp_path):
    release = build_release(decided.project, folder=tmp_path, format="trl_stepwise")
    failed = Release.objects.create(
        project=decided.project, number=7, format="jsonl", state=ReleaseState.FAILED
    )

    for doomed in (release, Release.objects.filter(pk=release.pk), decided.project.releases.all()):
        with pytest.raises(ProtectedError, match="stays as long as its project"):
            doomed.delete()
    failed.delete()

    assert list(Release.objects.all()) == [release]
    remove_project(decided.project)
    assert not Release.objects.exists()


def test_a_failure_while_writing_leaves_a_failed_release_and_no_folder(decided, tmp_path, monkeypatch):
    def fail(facts: object) -> str:
        raise OSError("No space left on device")

    monkeypatch.setattr("annotate.export.package.render_card", fail)

    with pytest.raises(OSError, match="No space"):
        build_release(decided.project, folder=tmp_path, format="trl_stepwise")

    release = Release.objects.get()
    assert release.state == ReleaseState.FAILED
    assert release.error == "OSError: No space left on device"
    assert not files_of(tmp_path)
    assert not list(tmp_path.glob("*/*"))


def test_a_release_asked_for_twice_is_made_once(decided, tmp_path):
    wanted = {"folder": tmp_path, "format": "trl_stepwise", "key": "0123abcd"}
    first = build_release(decided.project, **wanted)

    assert build_release(decided.project, **wanted) == first
    assert build_release(decided.project, **wanted, takes_up=True) == first
    assert build_release(decided.project, **wanted | {"key": "4567cdef"}).number == 2


def test_a_release_whose_worker_was_killed_is_given_up_by_whoever_takes_it_up(decided, tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*args: object) -> None:
        raise Killed

    wanted = {"folder": tmp_path, "format": "trl_stepwise", "key": "0123abcd"}
    with monkeypatch.context() as patched:
        patched.setattr("annotate.export.actions._write", die)
        with pytest.raises(Killed):
            build_release(decided.project, **wanted)

    # Sent twice, and the first may still be at it.
    assert build_release(decided.project, **wanted).state == ReleaseState.BUILDING
    assert build_release(decided.project, **wanted, takes_up=True).state == ReleaseState.PUBLISHED
    assert list(Release.objects.order_by("number").values_list("state", "error")) == [
        ("failed", "Its worker stopped."),
        ("published", ""),
    ]


def test_a_failure_while_publishing_takes_the_files_back(decided, tmp_path, monkeypatch):
    def fail(*args: object) -> None:
        raise RuntimeError("the database went away")

    monkeypatch.setattr("annotate.export.actions._publish", fail)

    with pytest.raises(RuntimeError):
        build_release(decided.project, folder=tmp_path, format="trl_stepwise")

    assert Release.objects.get().state == ReleaseState.FAILED
    assert not files_of(tmp_path)


def test_a_run_that_kept_nothing_makes_no_empty_data_set(tmp_path):
    decided = a_decided_project(gap=("g", "b"))

    with pytest.raises(Conflict, match="kept nothing"):
        build_release(decided.project, folder=tmp_path, format="trl_stepwise")
    assert Release.objects.get().state == ReleaseState.FAILED


def test_what_cannot_be_meant_leaves_no_release(decided, tmp_path):
    other = a_project()
    a_trace(other)
    foreign = run_consensus(other, policy="majority")
    prelabel = Run.objects.create(
        project=decided.project, kind=RunKind.PRELABEL, name="x", criterion=decided.run.criterion
    )
    running = Run.objects.create(
        project=decided.project, kind=RunKind.CONSENSUS, name="x", criterion=decided.run.criterion
    )
    for arguments, error in [
        ({"format": "csv"}, Rejected),
        ({"format": "trl_stepwise", "settings": {"neutral": "maybe"}}, Rejected),
        ({"format": "trl_stepwise", "run": foreign}, Rejected),
        ({"format": "trl_stepwise", "run": prelabel}, Rejected),
        ({"format": "trl_stepwise", "run": running}, Conflict),
    ]:
        with pytest.raises(error):
            build_release(decided.project, folder=tmp_path, **arguments)
    with pytest.raises(Conflict, match="no consensus"):
        build_release(a_project(), folder=tmp_path, format="parquet")
    assert not Release.objects.exists()


def test_out_must_be_new_or_empty(decided, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")

    export_run(decided.run, tmp_path / "empty", format="trl_stepwise")
    for taken in ("empty", "full", "file"):
        with pytest.raises(Conflict, match="not empty"):
            export_run(decided.run, tmp_path / taken, format="trl_stepwise")

    assert (tmp_path / "empty" / "README.md").is_file()
    assert files_of(tmp_path / "full") == {"mine.txt": b"mine"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file", "full"]


def test_a_release_is_copied_byte_for_byte_and_a_damaged_one_is_not(decided, tmp_path):
    release = build_release(decided.project, folder=tmp_path / "store", format="trl_stepwise")
    stored = release_folder(release, tmp_path / "store")

    export_release(release, tmp_path / "copy", folder=tmp_path / "store")
    assert files_of(tmp_path / "copy") == files_of(stored)

    with (stored / "data/train.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(Conflict, match=r"not as it was published: data/train\.jsonl"):
        export_release(release, tmp_path / "again", folder=tmp_path / "store")
    assert not (tmp_path / "again").exists()


def test_datasets_reads_the_releases_back(decided, tmp_path):
    from datasets import load_dataset

    export_run(decided.run, tmp_path / "trl", format="trl_stepwise")
    export_run(decided.run, tmp_path / "parquet", format="parquet")
    cache = str(tmp_path / "cache")

    trl = load_dataset(str(tmp_path / "trl"), "default", split="train", cache_dir=cache)
    steps = load_dataset(str(tmp_path / "parquet"), split="train", cache_dir=cache)
    raters = load_dataset(str(tmp_path / "parquet"), "raters", split="train", cache_dir=cache)

    assert trl.column_names == ["prompt", "completions", "labels"]
    assert trl["labels"][:] == [[True, True, True], [True, False], [True]]
    assert steps.num_rows == 9
    assert steps[0]["votes"][0]["rater"] == "person-001"
    assert raters["is_simulated"][:] == [False, True]
