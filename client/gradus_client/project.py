from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import uploads
from .errors import GradusError
from .releases import Release
from .runs import Run

if TYPE_CHECKING:
    import pandas

    from .connection import Gradus


class Project:
    """One project as its person's role shows it. ``data`` is what the server said of it."""

    def __init__(self, server: Gradus, slug: str, data: dict[str, Any]) -> None:
        self._server = server
        self.slug = slug
        self.data = data

    def ingest(
        self,
        path: Path | str,
        *,
        format: str = "auto",
        options: Mapping[str, Any] | None = None,
        is_dry_run: bool = False,
        is_strict: bool = False,
        show: Callable[[int, int], None] | None = None,
        every: float = 1.0,
        timeout: float | None = None,
    ) -> uploads.Report:
        """Bring a file of any size in and wait for its report. The server's docs/formats.md lists formats and options.

        ``show`` is called with (bytes sent, bytes in all).
        """
        upload = uploads.send(self._server, self.slug, Path(path), show)
        wanted = {
            "format": format,
            "options": dict(options or {}),
            "is_dry_run": is_dry_run,
            "is_strict": is_strict,
        }
        return uploads.read(self._server, upload, wanted, every=every, timeout=timeout)

    def traces(self) -> Iterator[dict[str, Any]]:
        return self._server.pages(f"projects/{self.slug}/traces/")

    def raters(self) -> Iterator[dict[str, Any]]:
        return self._server.pages(f"projects/{self.slug}/raters/")

    def label_rows(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Every live label, oldest first; by ``rater``, ``rater_kind``, ``criterion``, ``step``, ``is_live=False``."""
        return self._server.pages(f"projects/{self.slug}/labels/", filters)

    def labels(self, **filters: Any) -> pandas.DataFrame:
        """The same as a DataFrame (needs the extra ``frame``), one row a label."""
        import pandas

        return pandas.DataFrame.from_records(list(self.label_rows(**filters)), columns=_COLUMNS)

    def runs(self) -> list[Run]:
        """Newest first."""
        return [Run(self._server, one) for one in self._server.pages(f"projects/{self.slug}/runs/")]

    def run(self, pk: int) -> Run:
        return Run(self._server, self._server.get(f"runs/{pk}/"))

    def start_run(
        self, strategy: str, *, backend: str = "", settings: Mapping[str, Any] | None = None, **more: Any
    ) -> Run:
        """Have a rollout, judge, verifier or probe label every trace; ``more`` as in the API's reference."""
        wanted = {"strategy": strategy, "backend": backend, "settings": dict(settings or {}), **more}
        return Run(self._server, self._server.post(f"projects/{self.slug}/runs/", wanted))

    def decide(
        self,
        policy: str,
        settings: Mapping[str, Any] | None = None,
        *,
        every: float = 1.0,
        timeout: float | None = None,
        **more: Any,
    ) -> Run:
        """Run a consensus policy and wait for it. Raises GradusError with the reason where that fails."""
        wanted = {"policy": policy, "settings": dict(settings or {}), **more}
        asked = self._server.post(f"projects/{self.slug}/consensus/", wanted)
        found = self.run(asked["run"]).wait(every=every, timeout=timeout)
        if found.state != "done":
            raise GradusError(found.data["error"] or f"run {found.id} is {found.state}")
        return found

    def releases(self) -> list[Release]:
        """Newest first."""
        return [Release(self._server, one) for one in self._server.pages(f"projects/{self.slug}/releases/")]

    def release(
        self,
        format: str,
        settings: Mapping[str, Any] | None = None,
        *,
        every: float = 1.0,
        timeout: float | None = None,
    ) -> Release:
        """Have a release written and wait for it. Raises GradusError with the reason where that fails."""
        where = f"projects/{self.slug}/releases/"
        before = self._newest(where)
        self._server.post(where, {"format": format, "settings": dict(settings or {})})
        found = self._awaited(where, before, every, timeout, is_over=_is_written)
        if found["error"]:
            raise GradusError(found["error"])
        return Release(self._server, found)

    def _newest(self, where: str) -> int:
        page = self._server.get(where, {"page_size": 1})["results"]
        found: int = page[0]["id"] if page else 0
        return found

    def _awaited(
        self,
        where: str,
        before: int,
        every: float,
        timeout: float | None,
        is_over: Callable[[dict[str, Any]], bool],
    ) -> dict[str, Any]:
        """The first row after ``before``: workers write one when they are done."""
        begun = time.monotonic()
        while True:
            newer = [
                one for one in self._server.get(where, {"page_size": 20})["results"] if one["id"] > before
            ]
            if newer and is_over(newer[-1]):
                found: dict[str, Any] = newer[-1]
                return found
            if timeout is not None and time.monotonic() - begun > timeout:
                raise GradusError(f"nothing has come of it after {timeout:g} s; is a worker running?")
            time.sleep(every)

    def __repr__(self) -> str:
        return f"<Project {self.slug}>"


def _is_written(release: dict[str, Any]) -> bool:
    return bool(release["state"] != "building")


_COLUMNS = [
    "id",
    "trace",
    "step",
    "criterion",
    "rater",
    "rater_kind",
    "is_simulated",
    "value",
    "score",
    "distribution",
    "text",
    "seconds",
    "run",
    "decided_by",
    "candidate",
    "pair",
    "lineup",
    "supersedes",
    "is_live",
    "is_draft",
    "created_at",
    "until_version",
    "evidence",
]
