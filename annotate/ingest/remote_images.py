"""Images at addresses elsewhere, while one file is read: each is asked for once, and once for a project.

An address from which an image was fetched stands for that image in its project from then on
(:class:`annotate.models.ImageAddress`), whoever's server is down and whatever lies there later. What this file has
fetched waits on disk, and why an address gave nothing is remembered, so that no server is asked twice by one file.
"""

from __future__ import annotations

import shutil
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import NamedTuple, Protocol, Self, TypeVar

from annotate.errors import Rejected
from annotate.ingest.album import Found, NotFetched
from annotate.ingest.image_drafts import ImageDraft, draft_of
from annotate.ingest.image_header import Header
from annotate.ingest.image_store import address_hash
from annotate.models import ImageAddress, Project

# Of images, as they are kept, until the batch that names them is written.
MOST_HELD = 1024**3
# Of the disk, so that the database beside it goes on.
KEPT_FREE = 1024**3
# Addresses of which it is remembered what they gave.
MOST_KNOWN = 50_000

T = TypeVar("T")


class Fetcher(Protocol):
    """Who asks other servers."""

    def is_listed(self, address: str) -> bool:
        """Whether images at this address are fetched at all."""

    def fetch(self, address: str, seconds: float | None = None) -> bytes:
        """The bytes there, within ``seconds`` where fewer are left. Raises Rejected, without a field."""


class _Held(NamedTuple):
    header: Header
    digest: str
    size: int


class RemoteImages:
    """For one file, or several that are one. Without a fetcher it knows what was fetched before, and asks nobody.

    ``seconds``: so long may all the asking take; None for as long as it takes. ``still_here`` is called before each
    asking; what it raises ends it.
    """

    def __init__(
        self,
        project: Project,
        fetcher: Fetcher | None,
        *,
        room: Path | None = None,
        seconds: float | None = None,
    ) -> None:
        self.still_here: Callable[[], None] = lambda: None
        self._project = project
        self._fetcher = fetcher
        self._seconds = seconds
        self._room = room
        self._opened: TemporaryDirectory[str] | None = None
        self._n_held = 0
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._failed: OrderedDict[str, str] = OrderedDict()
        self._kept: OrderedDict[str, Found] = OrderedDict()
        # Most projects have none, and are then asked about no address that nobody would fetch.
        self._has_addresses = ImageAddress.objects.filter(project=project).exists()

    @property
    def fetches(self) -> bool:
        """Whether there is anybody to ask."""
        return self._fetcher is not None

    @property
    def is_wanted(self) -> bool:
        """Whether an address may lead to an image at all."""
        return self.fetches or self._has_addresses

    def find(self, address: str) -> Found | None:
        """The image there; None for an address that is not asked. Raises NotFetched, without a field."""
        is_listed = self._fetcher is not None and self._fetcher.is_listed(address)
        if not is_listed and not self._has_addresses:
            return None
        key = address_hash(address)
        kept = self._kept_as(key)
        if kept is not None or not is_listed:
            return kept
        if key in self._failed:
            raise NotFetched(self._failed[key])
        draft = self._from_disk(key, address) or self._fetched(key, address)
        return Found(draft.digest, draft.header.width, draft.header.height, draft)

    def _kept_as(self, key: str) -> Found | None:
        """What the project has."""
        if key in self._kept:
            return self._kept[key]
        row = (
            ImageAddress.objects.filter(project=self._project, address_hash=key)
            .values_list("image__digest", "image__width", "image__height")
            .first()
        )
        if row is None:
            return None
        _remember(self._kept, key, Found(*row))
        return self._kept[key]

    def _fetched(self, key: str, address: str) -> ImageDraft:
        assert self._fetcher is not None
        self.still_here()
        if self._seconds is not None and self._seconds <= 0:
            # Not remembered: it says nothing about the address.
            raise NotFetched("could not be fetched: one request has no time for so many; upload it as a file")
        begun = time.monotonic()
        try:
            draft = draft_of(self._fetcher.fetch(address, self._seconds), "")
        except Rejected as error:
            _remember(self._failed, key, error.reason)
            raise NotFetched(error.reason) from None
        finally:
            if self._seconds is not None:
                self._seconds -= time.monotonic() - begun
        draft = ImageDraft(draft.data, draft.header, draft.digest, address)
        self._hold(key, draft)
        return draft

    def _hold(self, key: str, draft: ImageDraft) -> None:
        """Keep the bytes as long as there is room; what finds none is asked for again when it is wanted again."""
        size = len(draft.data)
        if shutil.disk_usage(self._folder).free - size < KEPT_FREE:
            return
        self._place(key).write_bytes(draft.data)
        self._held[key] = _Held(draft.header, draft.digest, size)
        self._n_held += size
        while self._n_held > MOST_HELD or len(self._held) > MOST_KNOWN:
            oldest, gone = self._held.popitem(last=False)
            self._n_held -= gone.size
            self._place(oldest).unlink()

    def _from_disk(self, key: str, address: str) -> ImageDraft | None:
        if key not in self._held:
            return None
        held = self._held[key]
        return ImageDraft(self._place(key).read_bytes(), held.header, held.digest, address)

    def _place(self, key: str) -> Path:
        return self._folder / key

    @property
    def _folder(self) -> Path:
        if self._opened is None:
            self._opened = TemporaryDirectory(prefix="gradus-", dir=self._room)
        return Path(self._opened.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            self._opened.cleanup()


def _remember(known: OrderedDict[str, T], key: str, what: T) -> None:
    known[key] = what
    if len(known) > MOST_KNOWN:
        known.popitem(last=False)
