"""The closed vocabularies shared by every room."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    """What a member may do in one project, most to least."""

    OWNER = "owner", "Owner"
    MANAGER = "manager", "Manager"
    REVIEWER = "reviewer", "Reviewer"
    ANNOTATOR = "annotator", "Annotator"
    VIEWER = "viewer", "Viewer"


class RaterKind(models.TextChoices):
    PERSON = "person", "Person"
    JUDGE = "judge", "Judge"
    ROLLOUT = "rollout", "Rollout"
    VERIFIER = "verifier", "Verifier"
    PROBE = "probe", "Probe"
    GOLD = "gold", "Gold"
    # What reviewers decide where readings differ: one such rater per project, and no reading of its own.
    REVIEW = "review", "Review"


class Scope(models.TextChoices):
    """What a criterion is asked about."""

    STEP = "step", "Step"
    TRACE = "trace", "Trace"
    PAIR = "pair", "Pair"
    # A text given about a step: another way to go on, or a critique.
    CANDIDATE = "candidate", "Candidate"


class CandidateKind(models.TextChoices):
    ALTERNATIVE = "alternative", "Alternative"
    CRITIQUE = "critique", "Critique"


class CriterionKind(models.TextChoices):
    VERDICT = "verdict", "Verdict"
    ORDINAL = "ordinal", "Ordinal"
    BINARY = "binary", "Binary"
    CHOICE = "choice", "Choice"
    TAGS = "tags", "Tags"
    TEXT = "text", "Text"
    # The step rewritten: words that must differ from the step's own.
    CORRECTION = "correction", "Correction"
    # One of the step's alternatives, by its position, or a continuation of one's own where none will do.
    PICK = "pick", "Pick"
    # A heading over other questions: it asks nothing, its score is the weighted mean of theirs.
    GROUP = "group", "Group"


# What is answered by choosing one level, and what is answered without any.
CHOOSING_KINDS = (
    CriterionKind.VERDICT,
    CriterionKind.ORDINAL,
    CriterionKind.BINARY,
    CriterionKind.CHOICE,
)
WORDING_KINDS = (CriterionKind.TEXT, CriterionKind.CORRECTION)


class StepKind(models.TextChoices):
    THOUGHT = "thought", "Thought"
    ACTION = "action", "Action"
    OBSERVATION = "observation", "Observation"


class RecutKind(models.TextChoices):
    """What was done to the boundaries of a trace's steps."""

    SPLIT = "split", "Split"
    MERGE = "merge", "Merged"


class CutFault(models.TextChoices):
    """What a reader says is wrong with a step's boundaries."""

    TOO_LONG = "too_long", "Too long: more than one step"
    BELONGS_BEFORE = "belongs_before", "Belongs with the step before"
    OTHER = "other", "Something else"


class CutAnswer(models.TextChoices):
    """What came of a report. Empty while it is open."""

    SPLIT = "split", "Split"
    MERGE = "merge", "Merged"
    LEFT = "left", "Left as it is"


class Outcome(models.TextChoices):
    """Final-answer grading. Only the first two are evidence; the others stay unknown."""

    RIGHT = "right", "Right"
    WRONG = "wrong", "Wrong"
    UNGRADABLE = "ungradable", "Ungradable"
    TRUNCATED = "truncated", "Truncated"


class AssignmentState(models.TextChoices):
    OPEN = "open", "Open"
    HELD = "held", "Held"
    SUBMITTED = "submitted", "Submitted"
    SKIPPED = "skipped", "Skipped"
    # A reviewer wants another look: it waits for the person who submitted it, and for nobody else.
    RETURNED = "returned", "Sent back"


class Purpose(models.TextChoices):
    """What a trace, or one reading of it, is for. ``WITHDRAWN``: nobody is given the trace any more."""

    WORK = "work", "Work"
    GOLD = "gold", "Hidden gold"
    EXAM = "exam", "Exam"
    DEMO = "demo", "Demonstration"
    WITHDRAWN = "withdrawn", "Withdrawn"


class ExamState(models.TextChoices):
    """How somebody stands with a project's exam. ``OPEN``: not taken, or not to its end."""

    OPEN = "open", "Not taken yet"
    PASSED = "passed", "Passed"
    FAILED = "failed", "Not passed"
    WAIVED = "waived", "Waived"


class RunKind(models.TextChoices):
    PRELABEL = "prelabel", "Pre-label"
    CONSENSUS = "consensus", "Consensus"


class RunState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class UnitState(models.TextChoices):
    PENDING = "pending", "Pending"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class FinishReason(models.TextChoices):
    """Why a completion ended. Only ``stop`` is a finished thought."""

    STOP = "stop", "Stop"
    LENGTH = "length", "Length"
    REFUSED = "refused", "Refused"
    TIMEOUT = "timeout", "Timeout"
    ERROR = "error", "Error"


class Action(models.TextChoices):
    """What consensus says should happen to a step."""

    KEEP = "keep", "Keep"
    DROP = "drop", "Drop"
    ASK = "ask", "Ask"


class ReleaseState(models.TextChoices):
    BUILDING = "building", "Building"
    PUBLISHED = "published", "Published"
    FAILED = "failed", "Failed"


class Verdict(models.TextChoices):
    """Level keys of the verdict criterion. *Unsure* is an answer, never a number."""

    GOOD = "good", "Good"
    NEUTRAL = "neutral", "Neutral"
    BAD = "bad", "Bad"
    UNSURE = "unsure", "Unsure"
