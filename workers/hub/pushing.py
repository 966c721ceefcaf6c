"""Send one release: look what the Hub has, send the rest in commits, tag it. Begun again, it goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from annotate import clock
from annotate.enums import RunState
from annotate.export.package import differences
from annotate.export.pushes import earlier_files, finish_push, known_keys, known_revisions, note_push
from annotate.models import Push
from workers.hub.client import Hub
from workers.hub.counted import Counted
from workers.hub.failures import HubFailure, failure_of
from workers.hub.listing import LocalFile, files_of, in_commits
from workers.hub.progress import Progress, Stopped

T = TypeVar("T")
log = logging.getLogger(__name__)

# Tries in a row that brought nothing.
MOST_TRIES = 8
LONGEST_WAIT = 600.0
_TYPE = "dataset"
# What the Hub itself puts into a new data set.
_MADE_WITH_IT = frozenset({".gitattributes"})


class Pushing:
    """One worker's work on one claimed push."""

    def __init__(self, hub: Hub, push: Push, folder: Path, is_leaving: Callable[[], bool]) -> None:
        self._hub = hub
        self._push = push
        self._folder = folder
        self._is_leaving = is_leaving
        self._files: list[LocalFile] = []

    def run(self) -> None:
        """Raises HubFailure, Stopped or Leaving."""
        push = self._push
        if not self._folder.is_dir():
            raise HubFailure(f"The files of release {push.release.number} are not where this worker looks.")
        sizes = {
            path.relative_to(self._folder).as_posix(): path.stat().st_size
            for path in self._folder.rglob("*")
            if path.is_file()
        }
        # Nothing is done yet, or is looked at anew: done may never be more than there is.
        started = {"files_done": 0, "bytes_done": 0}
        if not note_push(push, files_total=len(sizes), bytes_total=sum(sizes.values()), **started):
            raise Stopped
        with Progress(push, sizes, self._is_leaving) as self._progress:
            # Inside, since reading a large release takes longer than a lease.
            if changed := differences(self._folder, push.release.manifest):
                raise HubFailure(
                    f"Release {push.release.number} is not as it was published: {', '.join(changed[:5])}."
                )
            self._files = files_of(self._folder)
            self._tried(self._introduce)
            revision = self._tried(self._send)
            note_push(push, **self._progress.so_far())
        finish_push(
            push,
            RunState.DONE,
            revision=revision,
            commit_url=self._hub.page_of(push.repository, revision),
        )

    def _tried(self, act: Callable[[], T]) -> T:
        """What ``act`` comes to, after what passes has passed. It looks first what is there, so it may be repeated."""
        tries = 0
        while True:
            before = self._progress.n_there
            try:
                return act()
            except Exception as error:
                self._progress.check()
                failure = failure_of(error, self._hub.token)
                if failure is None:
                    raise
                tries = 1 if self._progress.n_there > before else tries + 1
                if not failure.is_passing or tries > MOST_TRIES:
                    raise failure from error
                log.warning("push %s tries again: %s", self._push.pk, failure.reason)
                self._wait(min(LONGEST_WAIT, 2.0**tries if failure.wait is None else failure.wait))

    def _wait(self, seconds: float) -> None:
        if seconds > 1:
            note_push(self._push, waits_until=clock.now() + timedelta(seconds=seconds))
        self._progress.pause(seconds)
        note_push(self._push, waits_until=None)

    def _introduce(self) -> None:
        """Whose token it is, and whether it may write to the data set's owner."""
        said = self._hub.api.whoami(token=self._hub.token)
        account, token = str(said.get("name", "")), said.get("auth", {}).get("accessToken", {})
        note_push(self._push, account=account[:100], token_name=str(token.get("displayName", ""))[:200])
        owner = self._push.repository.partition("/")[0]
        names = {account.lower(), *(str(one.get("name", "")).lower() for one in said.get("orgs", ()))}
        if owner.lower() not in names:
            raise HubFailure(
                f"The token belongs to {account}, who is not {owner} and in no organisation named so."
            )
        if token.get("role") == "read":
            raise HubFailure(f"The token of {account} may only read. Pushing needs one that may write.")

    def _send(self) -> str:
        """The commit that holds all of the release."""
        head = self._opened()
        there = self._listed(head)
        self._refuse_others(head, there)
        missing = [one for one in self._files if not one.is_at(there.get(one.name))]
        wanted = {one.name for one in self._files}
        self._progress.found(wanted - {one.name for one in missing})
        stale = sorted(earlier_files(self._push) & there.keys() - wanted)
        if missing or stale:
            head = self._committed(head, missing, stale)
        assert head is not None
        self._tag(head)
        return head

    def _opened(self) -> str | None:
        """The data set's newest commit; it is made where there is none. Its visibility is not ours to change."""
        api, push = self._hub.api, self._push
        info = self._found()
        if info is None:
            try:
                api.create_repo(push.repository, repo_type=_TYPE, private=push.is_private)
            except self._hub.errors.HfHubHTTPError as error:
                if error.response.status_code != 409:
                    raise
            info = self._found()
        if info is None:
            raise HubFailure(
                f"There is a data set {push.repository} on the Hub already, which the token may not see."
            )
        if push.is_private and not info.private:
            raise HubFailure(
                f"{push.repository} is public on the Hub, and this push is private. Choose another name, or push it"
                " as public."
            )
        if info.private and not push.is_private:
            raise HubFailure(
                f"{push.repository} is private on the Hub, and this push is public. Make it public there first, or"
                " push it as private."
            )
        head: str | None = info.sha
        return head

    def _found(self) -> Any:
        try:
            return self._hub.api.dataset_info(self._push.repository)
        except self._hub.errors.RepositoryNotFoundError:
            return None

    def _listed(self, revision: str | None) -> dict[str, Any]:
        if revision is None:
            return {}
        entries = self._hub.api.list_repo_tree(
            self._push.repository, repo_type=_TYPE, revision=revision, recursive=True
        )
        return {one.path: one for one in entries if hasattr(one, "blob_id")}

    def _refuse_others(self, head: str | None, there: dict[str, Any]) -> None:
        """Write over nothing that did not come from this project, unless that was allowed in so many words."""
        known = known_revisions(self._push)
        if self._push.may_replace or head in known or not there.keys() - _MADE_WITH_IT:
            return
        keys = known_keys(self._push)
        commits = self._hub.api.list_repo_commits(self._push.repository, repo_type=_TYPE, revision=head)
        for at, commit in enumerate(commits):
            if commit.commit_id in known:
                return
            if any(key in commit.message for key in keys):
                continue
            if 0 < at == len(commits) - 1:
                # Below ours lies only the commit with which the Hub makes a data set.
                return
            what = "has been changed there since it was pushed" if known or at else "holds something already"
            raise HubFailure(
                f"{self._push.repository} {what} (commit {commit.commit_id[:10]}: {commit.title[:80]!r}). Allow it to"
                " be written over, or choose another name."
            )

    def _committed(self, head: str | None, missing: list[LocalFile], stale: list[str]) -> str:
        commits = in_commits(missing)
        for number, some in enumerate(commits, 1):
            self._progress.check()
            title = f"Release {self._push.release.number}"
            if len(commits) > 1:
                title += f", part {number} of {len(commits)}"
            gone = stale if number == len(commits) else []
            head = self._commit(head, some, gone, title)
            self._progress.add({one.name for one in some})
        there = self._listed(head)
        if unlike := [one.name for one in self._files if not one.is_at(there.get(one.name))]:
            raise HubFailure(
                f"All was sent, but the Hub does not list it so: {', '.join(unlike[:5])}. Is there a .gitignore?"
            )
        assert head is not None
        return head

    def _commit(self, head: str | None, some: list[LocalFile], gone: list[str], title: str) -> str:
        api, hub = self._hub.api, self._hub.module
        with ExitStack() as opened:
            additions = []
            for one in some:
                file = opened.enter_context(Counted(one.path))
                # An open file, not a path: the client then sends it over HTTP, where it is counted and can be stopped.
                additions.append(hub.CommitOperationAdd(one.name, file))
                file.show = lambda place, name=one.name: self._progress.read_to(name, place)
            # Large files go to the store first, which is asked what it has; the commit only names them.
            api.preupload_lfs_files(
                self._push.repository, additions, repo_type=_TYPE, num_threads=2, free_memory=False
            )
            made = api.create_commit(
                self._push.repository,
                [*additions, *(hub.CommitOperationDelete(name, is_folder=False) for name in gone)],
                commit_message=title,
                commit_description=f"Gradus push {self._push.key}",
                repo_type=_TYPE,
                parent_commit=head,
                num_threads=2,
            )
        if not note_push(
            self._push, revision=made.oid, commit_url=self._hub.page_of(self._push.repository, made.oid)
        ):
            raise Stopped
        return str(made.oid)

    def _tag(self, head: str) -> None:
        """One per release, so that what somebody trained on can be named."""
        tag = f"release-{self._push.release.number}"
        try:
            self._hub.api.create_tag(self._push.repository, tag=tag, revision=head, repo_type=_TYPE)
        except self._hub.errors.HfHubHTTPError as error:
            if error.response.status_code != 409:
                raise
            tagged = self._listed(tag)
            if all(one.is_at(tagged.get(one.name)) for one in self._files):
                return
            raise HubFailure(
                f"The files are there, but the tag {tag} of {self._push.repository} stands for others."
            ) from None
