"""Images as rows: written once for a project, and found again by those whom a trace of theirs shows them to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from annotate.errors import NotAllowed
from annotate.ingest.image_drafts import ImageDraft
from annotate.ingest.image_entries import image_digests
from annotate.models import Image, ImageAddress, Project, Trace


def store_images(project: Project, drafts: Iterable[ImageDraft]) -> None:
    """Write what the project does not have yet. Call it inside a transaction.

    What an earlier row has only claimed to be an image gives way to bytes whose own digest it is.
    """
    wanted: dict[str, ImageDraft] = {}
    fetched: dict[str, str] = {}
    for draft in drafts:
        if not draft.is_claimed or draft.digest not in wanted:
            wanted[draft.digest] = draft
        if draft.address:
            fetched[draft.address] = draft.digest
    here = Image.objects.filter(project=project)
    known = set(here.filter(digest__in=wanted).values_list("digest", flat=True))
    for digest in known:
        if not (draft := wanted[digest]).is_claimed:
            head = draft.header
            here.filter(digest=digest).exclude(data=draft.data).update(
                media_type=head.media_type, width=head.width, height=head.height, data=draft.data
            )
    Image.objects.bulk_create(
        [
            Image(
                project=project,
                digest=draft.digest,
                media_type=draft.header.media_type,
                width=draft.header.width,
                height=draft.header.height,
                data=draft.data,
            )
            for digest, draft in wanted.items()
            if digest not in known
        ],
        batch_size=20,
        ignore_conflicts=True,
    )
    _store_addresses(project, fetched)


def _store_addresses(project: Project, digests: Mapping[str, str]) -> None:
    """From now on each address stands for its image in this project; one that does already goes on as it is."""
    if not digests:
        return
    found = Image.objects.filter(project=project, digest__in=set(digests.values()))
    keys = dict(found.values_list("digest", "pk"))
    ImageAddress.objects.bulk_create(
        [
            ImageAddress(project=project, address_hash=address_hash(address), image_id=keys[digest])
            for address, digest in digests.items()
        ],
        ignore_conflicts=True,
    )


def address_hash(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


def image_in(trace: Trace, digest: str) -> Image:
    """An image of the trace or of its problem, whoever got through the trace's door; NotAllowed for any other."""
    return image_among(
        trace.project_id, [trace.problem.meta, *trace.steps.values_list("meta", flat=True)], digest
    )


def image_among(project: int, metas: Iterable[Any], digest: str) -> Image:
    """An image of the project that one of its problems' or steps' ``metas`` lists; NotAllowed for any other."""
    if not any(digest in image_digests(meta) for meta in metas):
        raise NotAllowed
    found = Image.objects.filter(project=project, digest=digest).first()
    if found is None:
        raise NotAllowed
    return found
