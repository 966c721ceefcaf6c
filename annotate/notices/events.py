"""What is said of each event: a sentence, and the page that has more. Facts are numbers and words of the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

from annotate.enums import NoticeEvent, RunKind

# What people and programs can be told of; a test is asked for.
SUBSCRIBED = tuple(event for event in NoticeEvent if event != NoticeEvent.TEST)
# What ``facts`` hold of each. A receiver may rely on the names.
FACTS: dict[NoticeEvent, tuple[str, ...]] = {
    NoticeEvent.RUN_FINISHED: ("run", "kind", "name", "done", "total"),
    NoticeEvent.RUN_FAILED: ("run", "kind", "name", "done", "total", "why"),
    NoticeEvent.RELEASE_FINISHED: ("release", "number", "format"),
    NoticeEvent.RELEASE_FAILED: ("release", "number", "format"),
    NoticeEvent.READER_PAUSED: ("rater", "why"),
    NoticeEvent.QUEUE_EMPTY: (),
    NoticeEvent.TEST: (),
}


def sentence_of(event: str, facts: Mapping[str, Any]) -> str:
    """In the language spoken at the moment."""
    return _SENTENCES[NoticeEvent(event)](facts)


def page_of(event: str, facts: Mapping[str, Any], slug: str) -> str:
    """The path of the page that has more."""
    if event in (NoticeEvent.RUN_FINISHED, NoticeEvent.RUN_FAILED):
        if facts["run"] is None:
            return f"/projects/{slug}/consensus/"
        return f"/{'consensus' if facts['kind'] == RunKind.CONSENSUS else 'runs'}/{facts['run']}/"
    if event in (NoticeEvent.RELEASE_FINISHED, NoticeEvent.RELEASE_FAILED):
        return f"/releases/{facts['release']}/"
    if event == NoticeEvent.READER_PAUSED:
        return f"/raters/{facts['rater']}/"
    return f"/projects/{slug}/{'notices' if event == NoticeEvent.TEST else 'overview'}/"


def _run_finished(facts: Mapping[str, Any]) -> str:
    if facts["kind"] == RunKind.CONSENSUS:
        return gettext("Consensus run %(run)s (%(name)s) has finished.") % facts
    return gettext("Run %(run)s (%(name)s) has finished: %(done)s of %(total)s are done.") % facts


def _run_failed(facts: Mapping[str, Any]) -> str:
    if facts["why"] == "budget":
        return (
            gettext(
                "Run %(run)s (%(name)s) has spent its budget and stopped: %(done)s of %(total)s are done."
            )
            % facts
        )
    # As noted by an earlier version.
    if facts["run"] is None:
        return (
            gettext(
                "Consensus by %(name)s has failed and left no run: earlier decisions stand. The log of a worker says"
                " why."
            )
            % facts
        )
    if facts["kind"] == RunKind.CONSENSUS:
        return (
            gettext(
                "Consensus run %(run)s (%(name)s) has failed: earlier decisions stand. Its page says why."
            )
            % facts
        )
    return gettext("Run %(run)s (%(name)s) has failed: none of %(total)s is done. Its page says why.") % facts


def _release_finished(facts: Mapping[str, Any]) -> str:
    return gettext("Release %(number)s (%(format)s) is published.") % facts


def _release_failed(facts: Mapping[str, Any]) -> str:
    return gettext("Release %(number)s (%(format)s) has failed. Its page says why.") % facts


def _reader_paused(facts: Mapping[str, Any]) -> str:
    if facts["why"] == "accuracy":
        return gettext("The queue has paused rater %(rater)s: too few known answers right.") % facts
    return gettext("The queue has paused rater %(rater)s: faster than the project allows.") % facts


def _queue_empty(facts: Mapping[str, Any]) -> str:
    return gettext("The queue has run dry: whoever asks for work now gets none.")


def _test(facts: Mapping[str, Any]) -> str:
    return gettext("This is a test. Notices reach you.")


_SENTENCES = {
    NoticeEvent.RUN_FINISHED: _run_finished,
    NoticeEvent.RUN_FAILED: _run_failed,
    NoticeEvent.RELEASE_FINISHED: _release_finished,
    NoticeEvent.RELEASE_FAILED: _release_failed,
    NoticeEvent.READER_PAUSED: _reader_paused,
    NoticeEvent.QUEUE_EMPTY: _queue_empty,
    NoticeEvent.TEST: _test,
}
