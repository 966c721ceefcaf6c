"""Digests that rows say of their images, held against what is known of them.

The digest names bytes that only the project an image first came to has seen: a release holds them written anew. So it
is taken on trust where nothing is known by it, which keeps texts and hashes as they were. Where an image is here by
that digest it stays, and a row that shows another under its name is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from annotate.ingest.drafts import TraceDraft
from annotate.ingest.image_drafts import ImageDraft
from annotate.ingest.image_entries import SHORT
from annotate.models import Image, Project


def false_claims(project: Project, drafts: Sequence[TraceDraft]) -> dict[int, str]:
    """The places of those that claim a digest which is another image's, each with why."""
    claims = [(place, one) for place, draft in enumerate(drafts) for one in draft.images if one.is_claimed]
    if not claims:
        return {}
    known = Image.objects.filter(project=project, digest__in={one.digest for _, one in claims})
    sizes = {
        digest: (width, height) for digest, width, height in known.values_list("digest", "width", "height")
    }
    # Bytes whose own digest it is say best what it is of.
    sizes |= {one.digest: _size(one) for draft in drafts for one in draft.images if not one.is_claimed}
    found: dict[int, str] = {}
    for place, one in claims:
        here = sizes.setdefault(one.digest, _size(one))
        if here != _size(one):
            found[place] = (
                f"says that it is {one.digest[:SHORT]}, an image of {here[0]} by {here[1]} pixels, and has"
                f" {one.header.width} by {one.header.height}"
            )
    return found


def _size(image: ImageDraft) -> tuple[int, int]:
    return image.header.width, image.header.height
