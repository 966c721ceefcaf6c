"""Bring a file into a project. With founding.py the only writer of problems, traces, steps and outside labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from django.db import transaction

from annotate.errors import Rejected
from annotate.garbage import rarely_collected
from annotate.ingest.ahead import read_ahead, read_in_turn
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
from annotate.ingest.remote_images import Fetcher, RemoteImages
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
    fetcher: Fetcher | None = None,
    fetch_seconds: float | None = None,
) -> IngestReport:
    """Read ``path`` with the reader named ``format`` and bring its rows into ``project``.

    ``auto`` takes the reader that knows the file's first record. Rows are known by their ids: bringing a file in twice
    changes nothing. A row that cannot be taken is reported with its line, field and reason, and the others go on; when
    ``is_strict``, one such row means that nothing is written. A dry run does all the work and takes it back.
    ``on_progress`` is called with (bytes read, bytes in all). Images at addresses that the ``fetcher`` lists are asked
    for, all of them together for no longer than ``fetch_seconds``; without one nothing is fetched.

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
        fetcher=fetcher,
        fetch_seconds=fetch_seconds,
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
    fetcher: Fetcher | None = None,
    fetch_seconds: float | None = None,
) -> IngestReport:
    """The same for several files, which are one: a data set in shards, each read by the reader of the first.

    A zip or tar archive stands for the data files in it, whose rows may name images that lie below their file's folder
    there. It is unpacked in ``room``, or where this machine keeps temporary files.
    """
    tell = on_progress or (lambda done, total: None)
    packed = sum(path.stat().st_size for path in paths if path.exists())
    with ExitStack() as stack:
        files = stack.enter_context(data_files(paths, room=room, still_here=lambda: tell(0, packed)))
        afar = stack.enter_context(RemoteImages(project, fetcher, room=room, seconds=fetch_seconds))
        options = replace(options, afar=afar)
        ingest = _Ingest(project)
        with opened(files[0].path, format, options) as (_, first):
            reader = first
        is_written = True
        with rarely_collected():
            if is_dry_run or is_strict:
                if afar.fetches:
                    _fetch_ahead(files, reader, options, afar, tell)
                with transaction.atomic():
                    _read_all(ingest, files, reader, options, afar, tell)
                    is_written = not is_dry_run and not ingest.tally.rejected
                    transaction.set_rollback(not is_written)
            else:
                _read_all(ingest, files, reader, options, afar, tell)
    return ingest.tally.report(is_dry_run=is_dry_run, is_written=is_written, format=reader.name)


def _fetch_ahead(
    files: Sequence[DataFile], reader: Reader, options: ReadOptions, afar: RemoteImages, tell: OnProgress
) -> None:
    """Read once for the images alone: nobody else's server may hold up a transaction that holds up everybody here."""
    total = sum(file.path.stat().st_size for file in files)
    afar.still_here = lambda: tell(0, total)
    for file in files:
        read_by = file.read_by(options)
        with opened(file.path, reader.name, read_by) as (source, _):
            for _row in reader.rows(source, read_by):
                pass


def _read_all(
    ingest: _Ingest,
    files: Sequence[DataFile],
    reader: Reader,
    options: ReadOptions,
    afar: RemoteImages,
    tell: OnProgress,
) -> None:
    sizes = [file.path.stat().st_size for file in files]
    ingest.on_written = lambda n_read: tell(n_read, sum(sizes))
    # Whoever looks for images asks the database as well, and other servers, and tells that it is at it: nothing is read
    # ahead then.
    in_turn = read_in_turn if afar.is_wanted else read_ahead
    with ingest:
        for number, file in enumerate(files):
            behind = sum(sizes[:number])
            ingest.tally.file = file.name if len(files) > 1 else ""
            read_by = file.read_by(options)
            with (
                opened(file.path, reader.name, read_by) as (source, _),
                closing(
                    in_turn(reader.rows(source, read_by), partial(_n_read, source), ingest.settle)
                ) as rows,
            ):
                afar.still_here = partial(_tell_how_far, tell, behind, source, sum(sizes))
                for row, n_read in rows:
                    ingest.n_read = behind + n_read
                    ingest.take(row)
                # Rows are known by their lines, which count anew in the next file.
                ingest.n_read = behind + sizes[number]
                ingest.flush()


def _n_read(source: Source) -> int:
    return source.n_read


def _tell_how_far(tell: OnProgress, behind: int, source: Source, total: int) -> None:
    tell(behind + source.n_read, total)


@contextmanager
def opened(path: Path, format: str, options: ReadOptions) -> Iterator[tuple[Source, Reader]]:
    """A file with its reader. Raises Rejected as :func:`ingest_file` does."""
    with Source(path) as source:
        reader = reader_for(source, format, options)
        options.check(reader.heeds, reader.name)
        yield source, reader


class _Ingest:
    """Rows gathered into batches; each batch is one transaction, or part of the one around all of them.

    The last statement of a batch may go on while the next rows are read (:mod:`annotate.ingest.going_on`), and so does
    its transaction until :meth:`settle`, which as a context comes where its block ends.
    """

    def __init__(self, project: Project) -> None:
        self.tally = Tally()
        # How far the file has been read, and who is told how far what is written reaches.
        self.n_read = 0
        self.on_written: Callable[[int], None] = lambda n_read: None
        self._project = project
        self._book = LabelBook(project)
        self._memory = Memory()
        # Who has said what of pairs and lineups, and where in the file.
        self._of_pairs, self._of_lineups = Memory(), Memory()
        self._unsettled: ExitStack | None = None
        self._begin()

    def _begin(self) -> None:
        self._traces = TraceBatch(self._project, self._book, self._memory)
        self._labels = LabelBatch(self._project, self._book)
        self._pairs = PairBatch(self._project, self._book, self._of_pairs)
        self._lineups = LineupBatch(self._project, self._book, self._of_lineups)

    def take(self, row: Row | BadRow) -> None:
        try:
            if isinstance(row, BadRow):
                self.tally.reject(row)
                return
            match row.draft:
                case TraceDraft():
                    self._add([self._entry(row.line, row.draft)])
                case PairDraft():
                    self._take_pair(row.line, row.draft)
                case LineupDraft():
                    self._take_lineup(row.line, row.draft)
                case LabelLine(trace, label):
                    self._take_labels(row.line, LabelSheet(trace, (label,)))
                case LabelSheet():
                    self._take_labels(row.line, row.draft)
        except Rejected as error:
            self.tally.reject(BadRow(row.line, error.field, error.reason))
            return
        if len(self._traces) + len(self._labels) >= BATCH or self._traces.n_bytes >= BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what has been taken. Its last statement may go on."""
        self.settle()
        traces, labels, pairs, lineups = self._traces, self._labels, self._pairs, self._lineups
        self._begin()
        with ExitStack() as whole:
            whole.enter_context(transaction.atomic())
            # Two files at once take turns by batch, so that neither meets a row the other is about to write. SQLite
            # has locked the whole database by now.
            Project.objects.select_for_update(no_key=True).get(pk=self._project.pk)
            pairs.refuse_taken_ids()
            pairs.refuse_contradictions()
            lineups.refuse_contradictions()
            going = traces.write(self.tally, whole)
            pairs.write(self.tally, traces.refused)
            lineups.write(self.tally, traces.refused)
            labels.write(self.tally)
            self._n_written = self.n_read
            self._unsettled = whole.pop_all()
        if going is None or going.is_over:
            self.settle()

    def settle(self) -> None:
        """Wait for what still goes on, and end its transaction."""
        if self._unsettled is not None:
            unsettled, self._unsettled = self._unsettled, None
            unsettled.close()
            self.on_written(self._n_written)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Where reading ends early, the batches before that are whole all the same.
        self.settle()

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

    def _add(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if self._traces.clashes_with(entry):
                self.flush()
                break
        for entry in entries:
            self._traces.add(entry)

    def _take_pair(self, line: int, draft: PairDraft) -> None:
        asked = self._asked((draft.label,) if draft.label is not None else ())
        draft = draft if asked else replace(draft, label=None)
        criterion = self._book.check_of_pair(asked[0]) if asked else None
        first, second = self._entry(line, draft.first), self._entry(line, draft.second)
        if first.content_hash == second.content_hash:
            raise Rejected("the two sides are the same")
        first.partners, second.partners = (second,), (first,)
        self._add((first, second))
        self._pairs.add(first, draft, criterion)

    def _take_lineup(self, line: int, draft: LineupDraft) -> None:
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
        self._add(entries)
        self._lineups.add(entries[0], draft, criteria)

    def _take_labels(self, line: int, sheet: LabelSheet) -> None:
        sheet = replace(sheet, labels=self._asked(sheet.labels))
        twice = repeated(sheet.labels)
        if twice is not None:
            raise Rejected(
                "this rater has labelled this already in the same row", field=twice.origin or "labels"
            )
        if self._labels.clashes_with(sheet):
            self.flush()
        self._labels.add(line, sheet)
