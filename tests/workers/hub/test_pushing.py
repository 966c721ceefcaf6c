"""Releases pushed with the Hub's own client to a stand-in for the Hub, and fetched back from it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RunState
from annotate.export.actions import build_release
from annotate.export.pushes import cancel_push, open_push, retry_push
from annotate.export.queries import release_folder
from annotate.models import Project, Push, Release
from tests.annotate.export.decided import Decided, a_decided_project
from tests.workers.hub.kept import Fault
from tests.workers.hub.stand_in import TOKEN, StandIn, a_hub
from workers.hub import listing, pushing
from workers.tasks.push import sweep, work_push

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("folder"),
    # The Hub's client hands files over by a name that its HTTP client no longer likes.
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]

NAME = "alice/sums"
LFS, COMMIT = r"^/store/lfs/", r"/commit/main$"


@pytest.fixture
def hub(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.delenv("GRADUS_HF_TOKEN_FILE", raising=False)
    with a_hub(tmp_path / "hub") as hub:
        settings.HUB_ENDPOINT = hub.url
        yield hub


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.RELEASES_DIR = tmp_path / "releases"
    return tmp_path / "releases"


@pytest.fixture
def decided() -> Decided:
    return a_decided_project(whole=("ggg", "ggg"), wrong=("gb-", "gb-"), torn=("gg", "gb"))


def a_release(project: Project, folder: Path, format: str = "parquet") -> Release:
    return build_release(project, folder=folder, format=format)


def pushed(release: Release, name: str = NAME, **more: Any) -> Push:
    return worked(open_push(release, repository=name, **more))


def worked(push: Push) -> Push:
    work_push(push_id=push.pk)
    push.refresh_from_db()
    return push


def local(release: Release, folder: Path) -> dict[str, bytes]:
    root = release_folder(release, folder)
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def on(hub: StandIn, name: str = NAME, revision: str = "main") -> dict[str, bytes]:
    return {path: held for path, held in hub.content(name, revision).items() if path != ".gitattributes"}


def test_what_was_pushed_is_fetched_again_byte_for_byte(hub, decided, folder, tmp_path) -> None:
    from datasets import load_dataset
    from huggingface_hub import snapshot_download

    release = a_release(decided.project, folder)
    push = pushed(release)

    files = local(release, folder)
    size = sum(map(len, files.values()))
    assert (push.state, push.error) == (RunState.DONE, "")
    assert (push.files_done, push.files_total) == (len(files), len(files))
    assert (push.bytes_done, push.bytes_total) == (size, size)
    assert (push.account, push.token_name) == ("alice", "releases")
    assert push.revision == hub.repositories[NAME].commits[-1].id
    assert push.commit_url == f"{hub.url}/datasets/{NAME}/commit/{push.revision}"
    assert hub.repositories[NAME].tags == {"release-1": push.revision}
    # Small files in the commit, larger ones through the store, whole and in parts.
    assert hub.n_asked("PUT", r"/store/lfs/\w+$") > 0
    assert hub.n_asked("PUT", r"/store/lfs/\w+/2$") > 0
    assert any(isinstance(held, bytes) for held in hub.repositories[NAME].commits[-1].files.values())
    got = Path(
        snapshot_download(
            NAME,
            repo_type="dataset",
            revision="release-1",
            endpoint=hub.url,
            token=TOKEN,
            cache_dir=tmp_path / "cache",
        )
    )
    assert {one: (got / one).read_bytes() for one in files} == files
    rows = load_dataset(str(got), "steps", cache_dir=str(tmp_path / "rows"))["train"]
    assert [row["text"] for row in rows if row["trace"] == "whole"] == [
        step.text for step in decided.traces["whole"].steps.all()
    ]


def test_a_data_set_is_private_unless_the_push_says_otherwise(hub, decided, folder) -> None:
    release = a_release(decided.project, folder)
    assert pushed(release).state == RunState.DONE
    assert pushed(release, "acme/open", is_private=False).state == RunState.DONE
    assert {name: one.private for name, one in hub.repositories.items()} == {NAME: True, "acme/open": False}


def test_a_public_data_set_gets_nothing_private_and_the_other_way_round(hub, decided, folder) -> None:
    hub.make("alice/open", private=False)
    hub.make("alice/shut", private=True)
    release = a_release(decided.project, folder)
    private, public = pushed(release, "alice/open"), pushed(release, "alice/shut", is_private=False)
    assert (private.state, public.state) == (RunState.FAILED, RunState.FAILED)
    assert "alice/open is public on the Hub" in private.error
    assert "alice/shut is private on the Hub" in public.error
    assert on(hub, "alice/open") == on(hub, "alice/shut") == {}


def test_nothing_of_others_is_written_over_unless_that_is_allowed(hub, decided, folder) -> None:
    hub.make(NAME, **{"README.md": b"Mine.", "data.csv": b"1"})
    release = a_release(decided.project, folder)
    push = pushed(release)
    assert push.state == RunState.FAILED
    assert "alice/sums holds something already (commit" in push.error
    assert on(hub) == {"README.md": b"Mine.", "data.csv": b"1"}
    again = worked(retry_push(push, may_replace=True))
    assert again.state == RunState.DONE
    # What the release does not name is left alone.
    assert on(hub) == local(release, folder) | {"data.csv": b"1"}


def test_the_next_release_takes_the_place_of_the_last(hub, decided, folder) -> None:
    first, second = (
        a_release(decided.project, folder),
        a_release(decided.project, folder, "trl_stepwise"),
    )
    assert pushed(first).state == RunState.DONE
    assert pushed(second).state == RunState.DONE
    assert on(hub) == local(second, folder)
    assert on(hub, revision="release-1") == local(first, folder)
    assert sorted(hub.repositories[NAME].tags) == ["release-1", "release-2"]


def test_what_was_changed_there_since_is_not_written_over_silently(hub, decided, folder) -> None:
    first = a_release(decided.project, folder)
    assert pushed(first).state == RunState.DONE
    there = hub.repositories[NAME]
    there.commit(
        "Fix a typo", "", there.commits[-1].files | {"README.md": b"---\nlicense: mit\n---\nBetter."}
    )
    push = pushed(a_release(decided.project, folder, "trl_stepwise"))
    assert push.state == RunState.FAILED
    assert "has been changed there since it was pushed" in push.error
    assert "'Fix a typo'" in push.error
    assert on(hub)["README.md"].endswith(b"Better.")


def test_somebody_elses_commit_in_the_middle_is_seen(hub, decided, folder) -> None:
    release = a_release(decided.project, folder)
    there = []

    def meddle() -> None:
        there.append(hub.repositories[NAME].commit("Meddle", "", {"notes.txt": b"mine"}))

    hub.faults = [Fault("POST", COMMIT, act=meddle)]
    push = pushed(release)
    assert push.state == RunState.FAILED
    assert "'Meddle'" in push.error
    assert on(hub) == {"notes.txt": b"mine"}


def test_what_the_hub_has_is_not_sent_again(hub, decided, folder) -> None:
    release = a_release(decided.project, folder)
    hub.faults = [Fault("POST", COMMIT, status=403, says="No.", times=1)]
    push = pushed(release)
    assert push.state == RunState.FAILED
    n_puts, sent = hub.n_asked("PUT", LFS), hub.sent(LFS)
    assert sent > 0
    again = worked(retry_push(push))
    assert again.state == RunState.DONE
    assert (hub.n_asked("PUT", LFS), hub.sent(LFS)) == (n_puts, sent)
    n_commits = hub.n_asked("POST", COMMIT)
    # All is there: neither content nor commit is needed, only the look.
    assert pushed(release).state == RunState.DONE
    assert (hub.n_asked("PUT", LFS), hub.n_asked("POST", COMMIT)) == (n_puts, n_commits)


def test_many_files_go_in_several_commits_the_card_last(hub, decided, folder, monkeypatch) -> None:
    monkeypatch.setattr(listing, "MOST_FILES", 2)
    release = a_release(decided.project, folder)
    push = pushed(release)
    assert push.state == RunState.DONE, push.error
    commits = hub.repositories[NAME].commits[1:]
    assert len(commits) == -(-len(local(release, folder)) // 2) > 2
    assert [("README.md" in one.files, one.title.startswith("Release 1, part ")) for one in commits] == [
        *[(False, True)] * (len(commits) - 1),
        (True, True),
    ]


def test_a_storm_of_429_is_waited_out(hub, decided, folder, monkeypatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(pushing.Pushing, "_wait", lambda _, seconds: waits.append(seconds))
    storm = {"status": 429, "times": 2, "says": "Slow down.", "headers": {"Retry-After": "7"}}
    hub.faults = [
        Fault("GET", "/api/whoami-v2", **storm),
        Fault("POST", "/api/repos/create", **storm),
        Fault("GET", "^/api/datasets/alice/sums$", status=429, headers={"RateLimit": '"api";r=0;t=11'}),
        Fault("POST", COMMIT, **storm),
        Fault("POST", "/tag/", status=503),
    ]
    release = a_release(decided.project, folder)
    push = pushed(release)
    assert (push.state, push.waits_until) == (RunState.DONE, None)
    assert on(hub) == local(release, folder)
    assert sorted(waits) == [2, *[7] * 6, 11]


def test_a_storm_without_end_is_told(hub, decided, folder, monkeypatch) -> None:
    monkeypatch.setattr(pushing.Pushing, "_wait", lambda _, seconds: None)
    hub.faults = [Fault("POST", "/api/repos/create", status=429, times=99, says="Slow down.")]
    push = pushed(a_release(decided.project, folder))
    assert push.state == RunState.FAILED
    assert push.error == (
        "The Hub has had too many requests from this account. (429 to POST /api/repos/create) It says: Slow down."
    )
    assert hub.n_asked("POST", "/api/repos/create") == pushing.MOST_TRIES + 1


def test_an_answer_that_was_lost_is_no_second_commit(hub, decided, folder, monkeypatch) -> None:
    monkeypatch.setattr(pushing.Pushing, "_wait", lambda _, seconds: None)
    made = hub.repositories

    def commit_and_lose_the_answer() -> None:
        push = Push.objects.get()
        made[NAME].commit("Release 1", f"Gradus push {push.key}", {"README.md": b"---\n---\n"})

    hub.faults = [Fault("POST", COMMIT, status=502, act=commit_and_lose_the_answer)]
    release = a_release(decided.project, folder)
    push = pushed(release)
    assert push.state == RunState.DONE, push.error
    assert on(hub) == local(release, folder)


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("hf_wrong", "The Hub does not take the token"),
        ("", "This worker has no token for the Hub"),
        ("two words", "no token: one word is expected"),
    ],
)
def test_a_token_that_is_none(hub, decided, folder, monkeypatch, token, says) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    push = pushed(a_release(decided.project, folder))
    assert push.state == RunState.FAILED
    assert says in push.error
    assert not token or token not in push.error
    assert hub.repositories == {}


def test_the_token_comes_from_a_file_and_is_kept_nowhere(hub, decided, folder, monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setenv("GRADUS_HF_TOKEN_FILE", str(tmp_path / "token"))
    release = a_release(decided.project, folder)
    missing = pushed(release)
    assert "GRADUS_HF_TOKEN_FILE: No such file" in missing.error
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    push = worked(retry_push(missing))
    assert push.state == RunState.DONE
    assert TOKEN not in str(Push.objects.values().get())


def test_a_token_that_may_only_read_or_belongs_to_others(hub, decided, folder) -> None:
    release = a_release(decided.project, folder)
    assert "alice, who is not bob" in pushed(release, "bob/sums").error
    hub.role = "read"
    assert "may only read" in pushed(release).error
    assert hub.repositories == {}


@pytest.mark.parametrize(
    ("status", "says"),
    [(403, "The token may not do this."), (404, "no such data set"), (400, "The Hub refuses.")],
)
def test_a_refusal_is_told_at_once(hub, decided, folder, status, says) -> None:
    hub.faults = [Fault("POST", "/api/repos/create", status=status, says=f"Because {TOKEN}.", times=9)]
    push = pushed(a_release(decided.project, folder))
    assert push.state == RunState.FAILED
    assert says in push.error
    assert "It says: Because …." in push.error
    assert hub.n_asked("POST", "/api/repos/create") == 1


def test_a_stopped_push_sends_no_more_and_goes_on_where_it_was(hub, decided, folder) -> None:
    release = a_release(decided.project, folder)
    begun, stopped = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert stopped.wait(60)

    hub.faults = [Fault("POST", COMMIT, act=hold)]
    push = open_push(release, repository=NAME)

    def stop() -> None:
        from django.db import connection

        assert begun.wait(60)
        cancel_push(push)
        connection.close()
        stopped.set()

    stopper = threading.Thread(target=stop)
    stopper.start()
    worked(push)
    stopper.join()
    assert push.state == RunState.CANCELLED
    assert hub.repositories[NAME].tags == {}
    n_puts = hub.n_asked("PUT", LFS)
    assert worked(retry_push(push)).state == RunState.DONE
    assert hub.n_asked("PUT", LFS) == n_puts
    assert on(hub) == local(release, folder)


def test_a_release_whose_files_were_touched_is_not_pushed(hub, decided, folder) -> None:
    release = a_release(decided.project, folder)
    (release_folder(release, folder) / "README.md").write_text("Otherwise.")
    push = pushed(release)
    assert (push.state, "not as it was published: README.md" in push.error) == (RunState.FAILED, True)
    assert hub.asked == []


def test_a_tag_that_stands_for_something_else_is_told(hub, decided, folder) -> None:
    there = hub.make(NAME)
    there.tags["release-1"] = there.commits[0].id
    push = pushed(a_release(decided.project, folder))
    assert push.state == RunState.FAILED
    assert "the tag release-1 of alice/sums stands for others" in push.error


def test_a_push_that_was_left_is_sent_again(hub, decided, folder, settings, monkeypatch) -> None:
    from workers.tasks import push as task

    sent: list[int] = []
    monkeypatch.setattr(task, "_send", sent.append)
    settings.WORKER_LEASE_SECONDS = 0
    push = open_push(a_release(decided.project, folder), repository=NAME)
    sweep()
    assert sent == [push.pk]
    worked(push)
    sweep()
    assert sent == [push.pk]
