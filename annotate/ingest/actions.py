"""Bring a file into a project. With founding.py the only writer of problems, traces, steps and outside labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from django.db import transaction

from annotate.errors import Rejected
from annotate.garbage import rarely_collected
from annotate.ingest.drafts import (
    BadRow,
    LabelDraft,
    LabelLine,
    LabelSheet,
    LineupDraft,
    PairDraft,
    Row,
    TraceDraft,
)
from annotate.ingest.label_batch import LabelBatch
from annotate.ingest.label_book import LabelBook, repeated
from annotate.ingest.lineup_batch import LineupBatch
from annotate.ingest.memory import Memory
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.pair_batch import PairBatch
from annotate.ingest.readers import AUTO, Reader, reader_for
from annotate.ingest.report import IngestReport, Tally
from annotate.ingest.source import Source
from annotate.ingest.trace_batch import Entry, TraceBatch
from annotate.ingest.unpacking import DataFile, data_files
from annotate.models import Project

# Large enough for the cost of a transaction to vanish, small enough that others who write wait some tenths of a second.
BATCH = 1800
# Of texts and images; rows with much of them come in smaller batches.
BATCH_BYTES = 32 * 1024 * 1024

OnProgress = Callable[[int, int], None]


def ingest_file(
    project: Project,
    path: Path | str,
    *,
    format: str = AUTO,
    options: ReadOptions = PLAIN,
    is_dry_run: bool = False,
    is_strict: bool = False,
    on_progress: OnProgress | None = None,
    room: Path | None = None,
) -> IngestReport:
    """Read ``path`` with the reader named ``format`` and bring its rows into ``project``.

    ``auto`` takes the reader that knows the file's first record. Rows are known by their ids: bringing a file in twice
    changes nothing. A row that cannot be taken is reported with its line, field and reason, and the others go on; when
    ``is_strict``, one such row means that nothing is written. A dry run does all the work and takes it back.
    ``on_progress`` is called with (bytes read, bytes in all).

    Raises Rejected when the format is not known, has no use for an option, or the file cannot be opened.
    """
    return ingest_files(
        project,
        [Path(path)],
        format=format,
        options=options,
        is_dry_run=is_dry_run,
        is_strict=is_strict,
        on_progress=on_progress,
        room=room,
    )


def ingest_files(
    project: Project,
    paths: Sequence[Path],
    *,
    format: str = AUTO,
    options: ReadOptions = PLAIN,
    is_dry_run: bool = False,
    is_strict: bool = False,
    on_progress: OnProgress | None = None,
    room: Path | None = None,
) -> IngestReport:
    """The same for several files, which are one: a data set in shards, each read by the reader of the first.

    A zip or tar archive stands for the data files in it, whose rows may name images that lie below their file's folder
    there. It is unpacked in ``room``, or where this machine keeps temporary files.
    """
    tell = on_progress or (lambda done, total: None)
    packed = sum(path.stat().st_size for path in paths if path.exists())
    with data_files(paths, room=room, still_here=lambda: tell(0, packed)) as files:
        ingest = _Ingest(project)
        with opened(files[0].path, format, options) as (_, first):
            reader = first
        is_written = True
        with rarely_collected():
            if is_dry_run or is_strict:
                with transaction.atomic():
                    _read_all(ingest, files, reader, options, tell)
                    is_written = not is_dry_run and not ingest.tally.rejected
                    transaction.set_rollback(not is_written)
            else:
                _read_all(ingest, files, reader, options, tell)
    return ingest.tally.report(is_dry_run=is_dry_run, is_written=is_written, format=reader.name)


def _read_all(
    ingest: _Ingest, files: Sequence[DataFile], reader: Reader, options: ReadOptions, tell: OnProgress
) -> None:
    sizes = [file.path.stat().st_size for file in files]
    for number, file in enumerate(files):
        behind = sum(sizes[:number])
        name = file.name if len(files) > 1 else ""
        read_by = file.read_by(options)
        with opened(file.path, reader.name, read_by) as (source, _):
            for row in reader.rows(source, read_by):
                if ingest.take(_named(row, name)):
                    tell(behind + source.n_read, sum(sizes))
    ingest.flush()
    tell(sum(sizes), sum(sizes))


def _named(row: Row | BadRow, name: str) -> Row | BadRow:
    return replace(row, file=name) if name and isinstance(row, BadRow) else row


@contextmanager
def opened(path: Path, format: str, options: ReadOptions) -> Iterator[tuple[Source, Reader]]:
    """A file with its reader. Raises Rejected as :func:`ingest_file` does."""
    with Source(path) as source:
        reader = reader_for(source, format, options)
        options.check(reader.heeds, reader.name)
        yield source, reader


class _Ingest:
    """Rows gathered into batches; each batch is one transaction, or part of the one around all of them."""

    def __init__(self, project: Project) -> None:
        self.tally = Tally()
        self._project = project
        self._book = LabelBook(project)
        self._memory = Memory()
        self._traces = TraceBatch(project, self._book, self._memory)
        self._labels = LabelBatch(project, self._book)
        self._of_pairs, self._of_lineups = Memory(), Memory()
        self._pairs = PairBatch(project, self._book, self._of_pairs)
        self._lineups = LineupBatch(project, self._book, self._of_lineups)

    def take(self, row: Row | BadRow) -> bool:
        """Take one row; whether a batch was written on the way."""
        try:
            if isinstance(row, BadRow):
                self.tally.reject(row)
                return False
            match row.draft:
                case TraceDraft():
                    is_written = self._add([self._entry(row.line, row.draft)])
                case PairDraft():
                    is_written = self._take_pair(row.line, row.draft)
                case LineupDraft():
                    is_written = self._take_lineup(row.line, row.draft)
                case LabelLine(trace, label):
                    is_written = self._take_labels(row.line, LabelSheet(trace, (label,)))
                case LabelSheet():
                    is_written = self._take_labels(row.line, row.draft)
        except Rejected as error:
            self.tally.reject(BadRow(row.line, error.field, error.reason))
            return False
        is_full = len(self._traces) + len(self._labels) >= BATCH or self._traces.n_bytes >= BATCH_BYTES
        return self.flush() if is_full else is_written

    def flush(self) -> bool:
        traces, labels, pairs, lineups = self._traces, self._labels, self._pairs, self._lineups
        self._traces = TraceBatch(self._project, self._book, self._memory)
        self._labels = LabelBatch(self._project, self._book)
        self._pairs = PairBatch(self._project, self._book, self._of_pairs)
        self._lineups = LineupBatch(self._project, self._book, self._of_lineups)
        with transaction.atomic():
            # Two files at once take turns by batch, so that neither meets a row the other is about to write. SQLite
            # has locked the whole database by now.
            Project.objects.select_for_update(no_key=True).get(pk=self._project.pk)
            pairs.refuse_taken_ids()
            pairs.refuse_contradictions()
            lineups.refuse_contradictions()
            traces.write(self.tally)
            pairs.write(self.tally, traces.refused)
            lineups.write(self.tally, traces.refused)
            labels.write(self.tally)
        return True

    def _entry(self, line: int, draft: TraceDraft) -> Entry:
        asked = self._asked(draft.labels)
        draft = draft if asked is draft.labels else replace(draft, labels=asked)
        twice = repeated(draft.labels)
        if twice is not None:
            reason = "this rater has labelled this already in the same row"
            raise Rejected(reason, field=twice.origin or "labels")
        criteria = tuple([self._book.check(label, n_steps=len(draft.steps)) for label in draft.labels])
        return Entry(line, draft, criteria)

    def _asked(self, labels: tuple[LabelDraft, ...]) -> tuple[LabelDraft, ...]:
        """The labels less those that may be left out, and answer what the rubric does not ask."""
        if not any(label.is_optional for label in labels):
            return labels
        kept = tuple([label for label in labels if not label.is_optional or self._book.asks(label)])
        self.tally.left_out += len(labels) - len(kept)
        return kept

    def _add(self, entries: Sequence[Entry]) -> bool:
        is_written = False
        for entry in entries:
            if self._traces.clashes_with(entry):
                is_written = self.flush()
                break
        for entry in entries:
            self._traces.add(entry)
        return is_written

    def _take_pair(self, line: int, draft: PairDraft) -> bool:
        asked = self._asked((draft.label,) if draft.label is not None else ())
        draft = draft if asked else replace(draft, label=None)
        criterion = self._book.check_of_pair(asked[0]) if asked else None
        first, second = self._entry(line, draft.first), self._entry(line, draft.second)
        if first.content_hash == second.content_hash:
            raise Rejected("the two sides are the same")
        first.partners, second.partners = (second,), (first,)
        is_written = self._add((first, second))
        self._pairs.add(first, draft, criterion)
        return is_written

    def _take_lineup(self, line: int, draft: LineupDraft) -> bool:
        draft = replace(draft, labels=self._asked(draft.labels))
        twice = repeated(draft.labels)
        if twice is not None:
            raise Rejected("this rater has put these in order already in the same row", field=twice.origin)
        size = len(draft.traces)
        criteria = tuple([self._book.check_of_lineup(label, size) for label in draft.labels])
        entries = [self._entry(line, trace) for trace in draft.traces]
        if len({entry.content_hash for entry in entries}) < size:
            raise Rejected("two of the answers are the same")
        for entry in entries:
            entry.partners = tuple(one for one in entries if one is not entry)
        is_written = self._add(entries)
        self._lineups.add(entries[0], draft, criteria)
        return is_written

    def _take_labels(self, line: int, sheet: LabelSheet) -> bool:
        sheet = replace(sheet, labels=self._asked(sheet.labels))
        twice = repeated(sheet.labels)
        if twice is not None:
            raise Rejected(
                "this rater has labelled this already in the same row", field=twice.origin or "labels"
            )
        is_written = self._labels.clashes_with(sheet) and self.flush()
        self._labels.add(line, sheet)
        return is_written
