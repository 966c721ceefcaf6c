"""What whoever brings a file in says about it, where the file does not speak for itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.ingest.album import Afar, Album, BadImages
from annotate.ingest.drafts import RaterDraft, StepDraft
from annotate.ingest.fields import clean_text, one_line
from annotate.ingest.known_problems import KnownProblems
from annotate.ingest.label_fields import MAX_RATER_NAME
from annotate.ingest.splitting import SplitMode, split_steps
from annotate.ingest.splitting.markers import LONGEST
from annotate.ingest.step_fields import checked_steps

_NOTHING: Mapping[str, str] = MappingProxyType({})
_LARGEST_FIRST = 1
_OF_IMAGES = ("images_from", "bad_images", "afar")
# What people call them.
_SAID = {"columns": "map", "values": "value"}


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Each reader names those it heeds; any other is refused, because it would be lost in silence.

    ``split``, ``split_tag``: how a text is cut into steps. ``columns``: fields of a trace, or criteria, by the name of
    what holds them in the file. ``values``: levels by what stands for them there. ``rater``, ``rater_kind``,
    ``criterion``: whose labels the file holds, and what they answer. ``counts_from``: the number of the first step.
    ``problem``: the problem of every trace, where the file holds solutions alone. ``problems``: those of which one
    begins each text, where nothing in the file says how far it goes. ``images_from``: the folder in which
    the images lie that rows name by file; whoever may read any file of this machine says it, and nobody else.
    ``bad_images``: whether an image that is no good costs its row. ``afar``: what finds images at addresses, where any
    are looked for; nobody says it, it comes with the operator's list. These three are no claims about the file, so no
    reader refuses them.
    """

    split: SplitMode | None = None
    split_tag: str = ""
    columns: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    values: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    rater: str = ""
    rater_kind: RaterKind | None = None
    criterion: str = ""
    counts_from: int | None = None
    problem: str = ""
    problems: KnownProblems | None = None
    images_from: Path | None = None
    bad_images: BadImages | None = None
    afar: Afar | None = None

    def __post_init__(self) -> None:
        """Raises Rejected with the option's name."""
        if self.split_tag and self.split is not SplitMode.TAGGED:
            raise Rejected("goes with split tagged only", field="split_tag")
        if len(self.split_tag) > LONGEST:
            raise Rejected(f"has at most {LONGEST} characters", field="split_tag")
        if self.rater:
            one_line(clean_text(self.rater, "rater", limit=MAX_RATER_NAME), "rater")
        if self.rater_kind is RaterKind.REVIEW:
            raise Rejected(
                "a reviewer's decision is made in Gradus and cannot be brought in", field="rater_kind"
            )
        if self.counts_from is not None and not 0 <= self.counts_from <= _LARGEST_FIRST:
            raise Rejected("steps count from 0 or from 1", field="counts_from")

    def said(self) -> list[str]:
        """The names of the options that say something."""
        said = (one.name for one in fields(self) if one.name not in _OF_IMAGES)
        return [name for name in said if getattr(self, name) not in (None, "", {})]

    def check(self, heeds: frozenset[str], reader: str) -> None:
        for name in self.said():
            if name not in heeds:
                raise Rejected(f"the format {reader} has no use for it", field=_SAID.get(name, name))

    def cut(self, text: str, path: str, usual: SplitMode = SplitMode.BLANK_LINE) -> tuple[StepDraft, ...]:
        """A text from the file as steps; ``usual`` where nothing was said. Raises Rejected with the path."""
        return checked_steps(split_steps(text, self.split or usual, self.split_tag), path)

    def album(self) -> Album:
        """For the images of one row."""
        return Album(self.images_from, keeps_rows=self.bad_images is BadImages.KEEP, afar=self.afar)

    def rater_or(self, name: str, kind: RaterKind) -> RaterDraft:
        """Whose the labels are: as said, or ``name`` and ``kind``."""
        return RaterDraft(self.rater or name, self.rater_kind or kind, is_simulated=False)


def pairs_of(given: Sequence[str], name: str) -> dict[str, str]:
    """``["problem=question"]`` as a mapping. Raises Rejected, with ``name`` as the field."""
    found: dict[str, str] = {}
    for pair in given:
        # What stands for a level may hold an equals sign; a level and a field do not.
        key, equals, value = pair.rpartition("=") if name == "value" else pair.partition("=")
        key, value = key.strip(), value.strip()
        if not equals or not key or not value:
            raise Rejected(f"{pair[:60]!r} is no NAME=NAME", field=name)
        if found.setdefault(key, value) != value:
            raise Rejected(f"{key} is said twice", field=name)
    return found


PLAIN = ReadOptions()
CUTTING = frozenset({"split", "split_tag"})
RATING = frozenset({"rater", "rater_kind", "criterion"})
