"""The closed vocabularies shared by every room."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy


class Role(models.TextChoices):
    """What a member may do in one project, most to least."""

    OWNER = "owner", gettext_lazy("Owner")
    MANAGER = "manager", gettext_lazy("Manager")
    REVIEWER = "reviewer", gettext_lazy("Reviewer")
    ANNOTATOR = "annotator", gettext_lazy("Annotator")
    VIEWER = "viewer", gettext_lazy("Viewer")


class TokenScope(models.TextChoices):
    """What a token may be used for; whatever it is, it reaches no further than the role of its person."""

    READ = "read", gettext_lazy("Read")
    LABEL = "label", gettext_lazy("Label and review")
    INGEST = "ingest", gettext_lazy("Bring data in")
    RUN = "run", gettext_lazy("Start and stop runs")
    RELEASE = "release", gettext_lazy("Make releases")
    ADMIN = "admin", gettext_lazy("Change members, settings and rubrics")


class RaterKind(models.TextChoices):
    PERSON = "person", gettext_lazy("Person")
    JUDGE = "judge", gettext_lazy("Judge")
    ROLLOUT = "rollout", gettext_lazy("Rollout")
    VERIFIER = "verifier", gettext_lazy("Verifier")
    PROBE = "probe", gettext_lazy("Probe")
    GOLD = "gold", gettext_lazy("Gold")
    # What reviewers decide where readings differ: one such rater per project, and no reading of its own.
    REVIEW = "review", gettext_lazy("Review")


class Scope(models.TextChoices):
    """What a criterion is asked about."""

    STEP = "step", gettext_lazy("Step")
    TRACE = "trace", gettext_lazy("Trace")
    PAIR = "pair", gettext_lazy("Pair")
    # A text given about a step: another way to go on, or a critique.
    CANDIDATE = "candidate", gettext_lazy("Candidate")
    # Some traces of one problem, put in order.
    LINEUP = "lineup", gettext_lazy("Lineup")


# What people compare on a page of its own, outside the queue of traces.
COMPARED = (Scope.PAIR, Scope.LINEUP)


class CandidateKind(models.TextChoices):
    ALTERNATIVE = "alternative", gettext_lazy("Alternative")
    CRITIQUE = "critique", gettext_lazy("Critique")

    @property
    def plural(self) -> str:
        """What several of them are called together."""
        several = {"alternative": gettext_lazy("Alternatives"), "critique": gettext_lazy("Critiques")}
        return str(several[self.value])


class CriterionKind(models.TextChoices):
    VERDICT = "verdict", gettext_lazy("Verdict")
    ORDINAL = "ordinal", gettext_lazy("Ordinal")
    BINARY = "binary", gettext_lazy("Binary")
    CHOICE = "choice", gettext_lazy("Choice")
    TAGS = "tags", gettext_lazy("Tags")
    TEXT = "text", gettext_lazy("Text")
    # The step rewritten: words that must differ from the step's own.
    CORRECTION = "correction", gettext_lazy("Correction")
    # One of the step's alternatives, by its position, or a continuation of one's own where none will do.
    PICK = "pick", gettext_lazy("Pick")
    # The traces of a lineup put in order, ties allowed.
    RANKING = "ranking", gettext_lazy("Ranking")
    # A heading over other questions: it asks nothing, its score is the weighted mean of theirs.
    GROUP = "group", gettext_lazy("Group")


# What is answered by choosing one level, and what is answered without any.
CHOOSING_KINDS = (
    CriterionKind.VERDICT,
    CriterionKind.ORDINAL,
    CriterionKind.BINARY,
    CriterionKind.CHOICE,
)
WORDING_KINDS = (CriterionKind.TEXT, CriterionKind.CORRECTION)
# Neither levels nor words: what is chosen among stands beside the question, or there is nothing to choose.
WITHOUT_LEVELS = (CriterionKind.GROUP, CriterionKind.PICK, CriterionKind.RANKING)


class StepKind(models.TextChoices):
    THOUGHT = "thought", gettext_lazy("Thought")
    ACTION = "action", gettext_lazy("Action")
    OBSERVATION = "observation", gettext_lazy("Observation")


class RecutKind(models.TextChoices):
    """What was done to the boundaries of a trace's steps."""

    SPLIT = "split", pgettext_lazy("done to a step", "Split")
    MERGE = "merge", gettext_lazy("Merged")


class CutFault(models.TextChoices):
    """What a reader says is wrong with a step's boundaries."""

    TOO_LONG = "too_long", gettext_lazy("Too long: more than one step")
    BELONGS_BEFORE = "belongs_before", gettext_lazy("Belongs with the step before")
    OTHER = "other", gettext_lazy("Something else")


class CutAnswer(models.TextChoices):
    """What came of a report. Empty while it is open."""

    SPLIT = "split", pgettext_lazy("done to a step", "Split")
    MERGE = "merge", gettext_lazy("Merged")
    LEFT = "left", gettext_lazy("Left as it is")


class Outcome(models.TextChoices):
    """Final-answer grading. Only the first two are evidence; the others stay unknown."""

    RIGHT = "right", gettext_lazy("Right")
    WRONG = "wrong", gettext_lazy("Wrong")
    UNGRADABLE = "ungradable", gettext_lazy("Ungradable")
    TRUNCATED = "truncated", gettext_lazy("Truncated")


class AssignmentState(models.TextChoices):
    OPEN = "open", gettext_lazy("Open")
    HELD = "held", gettext_lazy("Held")
    SUBMITTED = "submitted", gettext_lazy("Submitted")
    SKIPPED = "skipped", gettext_lazy("Skipped")
    # A reviewer wants another look: it waits for the person who submitted it, and for nobody else.
    RETURNED = "returned", gettext_lazy("Sent back")


class Purpose(models.TextChoices):
    """What a trace, or one reading of it, is for. ``WITHDRAWN``: nobody is given the trace any more."""

    WORK = "work", gettext_lazy("Work")
    GOLD = "gold", gettext_lazy("Hidden gold")
    EXAM = "exam", gettext_lazy("Exam")
    DEMO = "demo", gettext_lazy("Demonstration")
    WITHDRAWN = "withdrawn", gettext_lazy("Withdrawn")


# What a pair or a lineup may be for: there is no exam and no demonstration of comparing.
USES_OF_COMPARED = (Purpose.WORK, Purpose.GOLD, Purpose.WITHDRAWN)


class ExamState(models.TextChoices):
    """How somebody stands with a project's exam. ``OPEN``: not taken, or not to its end."""

    OPEN = "open", gettext_lazy("Not taken yet")
    PASSED = "passed", gettext_lazy("Passed")
    FAILED = "failed", gettext_lazy("Not passed")
    WAIVED = "waived", gettext_lazy("Waived")


class FillingStage(models.TextChoices):
    """What of a queue is being filled, in this order."""

    TURNS = "turns", gettext_lazy("Turns")
    ORDER = "order", gettext_lazy("Order")
    MOVE = "move", gettext_lazy("Move")
    SLOTS = "slots", gettext_lazy("Slots")
    CHANGE = "change", gettext_lazy("Change of many traces")
    COMPARE = "compare", gettext_lazy("Pairs and lineups")


class RunKind(models.TextChoices):
    PRELABEL = "prelabel", gettext_lazy("Pre-label")
    CONSENSUS = "consensus", gettext_lazy("Consensus")


class RunState(models.TextChoices):
    QUEUED = "queued", gettext_lazy("Queued")
    RUNNING = "running", gettext_lazy("Running")
    DONE = "done", gettext_lazy("Done")
    FAILED = "failed", gettext_lazy("Failed")
    CANCELLED = "cancelled", gettext_lazy("Cancelled")


class UploadState(models.TextChoices):
    COMING = "coming", gettext_lazy("On its way")
    HERE = "here", gettext_lazy("Here, nothing asked yet")
    QUEUED = "queued", gettext_lazy("Waiting for a worker")
    RUNNING = "running", gettext_lazy("Being read")
    TRIED = "tried", gettext_lazy("Tried")
    DONE = "done", gettext_lazy("Brought in")
    FAILED = "failed", gettext_lazy("Failed")
    CANCELLED = "cancelled", gettext_lazy("Stopped")


class UnitState(models.TextChoices):
    PENDING = "pending", gettext_lazy("Pending")
    RUNNING = "running", gettext_lazy("Running")
    DONE = "done", gettext_lazy("Done")
    FAILED = "failed", gettext_lazy("Failed")
    CANCELLED = "cancelled", gettext_lazy("Cancelled")


class FinishReason(models.TextChoices):
    """Why a completion ended. Only ``stop`` is a finished thought."""

    STOP = "stop", gettext_lazy("Stop")
    LENGTH = "length", gettext_lazy("Length")
    REFUSED = "refused", gettext_lazy("Refused")
    TIMEOUT = "timeout", gettext_lazy("Timeout")
    ERROR = "error", gettext_lazy("Error")


class Action(models.TextChoices):
    """What consensus says should happen to a step."""

    KEEP = "keep", gettext_lazy("Keep")
    DROP = "drop", gettext_lazy("Drop")
    ASK = "ask", gettext_lazy("Ask")


class Tier(models.TextChoices):
    """How surely a step was decided, where a policy says so; a release may choose by it."""

    A = "A", gettext_lazy("A: rollouts and judges agree, or a reviewer decided")
    B = "B", gettext_lazy("B: probable enough")
    C = "C", gettext_lazy("C: a soft target")
    D = "D", gettext_lazy("D: for a person")


class ReleaseState(models.TextChoices):
    BUILDING = "building", gettext_lazy("Building")
    PUBLISHED = "published", gettext_lazy("Published")
    FAILED = "failed", gettext_lazy("Failed")


class Verdict(models.TextChoices):
    """Level keys of the verdict criterion. *Unsure* is an answer, never a number."""

    GOOD = "good", gettext_lazy("Good")
    NEUTRAL = "neutral", gettext_lazy("Neutral")
    BAD = "bad", gettext_lazy("Bad")
    UNSURE = "unsure", gettext_lazy("Unsure")


class ListenerKind(models.TextChoices):
    """By which way somebody is told what happens in a project."""

    WEBHOOK = "webhook", gettext_lazy("A program, by webhook")
    MAIL = "mail", gettext_lazy("Members, by e-mail")


class NoticeEvent(models.TextChoices):
    """What there is to be told of. The values are the types in a webhook's body."""

    RUN_FINISHED = "run.finished", gettext_lazy("A run has finished")
    RUN_FAILED = "run.failed", gettext_lazy("A run has failed, or spent its budget")
    RELEASE_FINISHED = "release.finished", gettext_lazy("A release is published")
    RELEASE_FAILED = "release.failed", gettext_lazy("A release has failed")
    READER_PAUSED = "reader.paused", gettext_lazy("The queue has paused somebody, for accuracy or pace")
    QUEUE_EMPTY = "queue.empty", gettext_lazy("The queue has run dry")
    # Asked for on the page of the notices; nobody subscribes to it.
    TEST = "test", gettext_lazy("A test")


class NoticeState(models.TextChoices):
    WAITING = "waiting", gettext_lazy("On its way")
    DELIVERED = "delivered", gettext_lazy("Delivered")
    FAILED = "failed", gettext_lazy("Given up")
