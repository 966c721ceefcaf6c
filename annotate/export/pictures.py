"""The images of a trace as rows of a release hold them: what is kept, beside the digest that the text names."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models.functions import Length

from annotate.export.contracts import TraceRow
from annotate.ingest.image_drafts import MOST_BYTES
from annotate.ingest.image_entries import KEY, Shown, image_digests, shown_images
from annotate.models import Image, Project

# Characters of one row's images, so that it can be read again with its texts (json_records.MAX_RECORD).
ROOM = 12 * 1024 * 1024


class Pictures:
    """Reads images trace by trace and counts them: those of one row are in memory at a time."""

    def __init__(self, project: Project, *, is_wanted: bool = True) -> None:
        self._project = project
        self._is_wanted = is_wanted
        self.n_written = 0
        self.n_left_out = 0

    @property
    def counts(self) -> dict[str, int]:
        return {"images_written": self.n_written, "images_left_out": self.n_left_out}

    def of(self, trace: TraceRow) -> Mapping[str, str]:
        """The trace's images and its problem's as data URIs by their digests, in the order they are shown.

        Those that find no room in the row, or were larger when they were written anew than a row may hold, are not
        among them.
        """
        metas = (trace.problem_meta, *(step.meta for step in trace.steps if step.meta))
        places = Counter(digest for meta in metas if KEY in meta for digest in image_digests(meta))
        if not places or not self._is_wanted:
            return {}
        here = Image.objects.filter(project=self._project)
        sizes = dict(here.filter(digest__in=places).annotate(n=Length("data")).values_list("digest", "n"))
        left, chosen = ROOM, []
        for digest, n_places in places.items():
            if digest not in sizes or sizes[digest] > MOST_BYTES:
                continue
            # An image that is shown twice stands in the row twice.
            needed = (4 * ((sizes[digest] + 2) // 3) + 40) * n_places
            if needed <= left:
                left -= needed
                chosen.append(digest)
        found = here.filter(digest__in=chosen).values_list("digest", "media_type", "data")
        return {
            digest: f"data:{kind};base64,{base64.b64encode(data).decode()}" for digest, kind, data in found
        }

    def entries(self, meta: Mapping[str, Any], found: Mapping[str, str]) -> list[dict[str, str]]:
        """The images of a step or a problem, as ``images`` of a row."""
        shown = shown_images(meta) if KEY in meta else []
        if KEY in meta:
            n_listed = len(meta[KEY]) if isinstance(meta[KEY], list) else 0
            self.n_left_out += (n_listed - len(shown)) if shown else 0
        if not self._is_wanted:
            self.n_left_out += len(shown)
            return []
        for one in shown:
            is_lost = bool(one.digest) and one.digest not in found
            self.n_written += not is_lost
            self.n_left_out += is_lost
        return [_entry(one, found) for one in shown]


def _entry(one: Shown, found: Mapping[str, str]) -> dict[str, str]:
    alt, url = ({name: said} if said else {} for name, said in (("alt", one.alt), ("url", one.address)))
    if one.digest in found:
        return {"digest": one.digest, "data": found[one.digest]} | url | alt
    # The text names it by its address, from which it can be had again.
    if url:
        return url | alt
    return ({"digest": one.digest} if one.digest else {"missing": one.missing}) | alt


def without_images(meta: Mapping[str, Any]) -> dict[str, Any]:
    """What else meta holds, somebody's own ``images`` among it."""
    return {name: value for name, value in meta.items() if name != KEY or not shown_images(meta)}
