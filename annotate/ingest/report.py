"""What an ingest did, or would have done."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from annotate.ingest.drafts import BadRow

MAX_ERRORS = 100


@dataclass(frozen=True, slots=True)
class IngestReport:
    """Rows by what became of them; a row is a trace, or with the format "labels" a label.

    ``labels`` counts the labels written, those that came inside trace rows included. ``errors`` holds the first
    rejected rows in the order of the file, at most MAX_ERRORS. ``left_out`` counts labels that answer a question
    which the rubric does not ask, ``pairs`` the new pairs of traces, ``lineups`` their new lineups. ``format`` is what
    the file was read as. ``flaws`` counts the images that were left out of rows that were taken, ``left_out_images``
    holds the first of them, with their row, field and reason. ``is_written`` is false for a dry run, and for a strict
    ingest with a rejected row: the counts then say what would have happened.
    """

    created: int
    updated: int
    unchanged: int
    rejected: int
    errors: tuple[BadRow, ...]
    is_dry_run: bool
    is_written: bool
    labels: int
    left_out: int = 0
    pairs: int = 0
    format: str = ""
    flaws: int = 0
    left_out_images: tuple[BadRow, ...] = ()
    lineups: int = 0


@dataclass(slots=True)
class Tally:
    """The counts while the file is being read.

    ``file`` names it in what is refused, where several come in together.
    """

    file: str = ""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    labels: int = 0
    left_out: int = 0
    pairs: int = 0
    lineups: int = 0
    errors: list[BadRow] = field(default_factory=list)
    flaws: int = 0
    left_out_images: list[BadRow] = field(default_factory=list)

    def reject(self, row: BadRow) -> None:
        self.rejected += 1
        self.errors.append(self._named(row))
        # Rows of one batch are refused in two passes, so the list is cut only once it has grown well past its size.
        if len(self.errors) > 2 * MAX_ERRORS:
            self._keep_first()

    def leave_out(self, image: BadRow) -> None:
        self.flaws += 1
        # Batches come in the order of the file.
        if len(self.left_out_images) < MAX_ERRORS:
            self.left_out_images.append(self._named(image))

    def _named(self, row: BadRow) -> BadRow:
        return replace(row, file=self.file) if self.file else row

    def report(self, *, is_dry_run: bool, is_written: bool, format: str = "") -> IngestReport:
        self._keep_first()
        return IngestReport(
            created=self.created,
            updated=self.updated,
            unchanged=self.unchanged,
            rejected=self.rejected,
            errors=tuple(self.errors),
            is_dry_run=is_dry_run,
            is_written=is_written,
            labels=self.labels,
            left_out=self.left_out,
            pairs=self.pairs,
            lineups=self.lineups,
            format=format,
            flaws=self.flaws,
            left_out_images=tuple(self.left_out_images),
        )

    def _keep_first(self) -> None:
        self.errors.sort(key=lambda row: (row.file, row.line))
        del self.errors[MAX_ERRORS:]
