"""A small project with a bit of everything, and what making comparisons in it came to before it went in pieces.

The rows were written down from the version that read a whole project in one transaction, trace by trace. The problems
have keys of their own, which the names of pairs of steps are made from.
"""

from __future__ import annotations

from typing import Any

from annotate.assign.filling import add_turns
from annotate.enums import Outcome, Purpose
from annotate.ingest.founding import create_rubric, use_rubric
from annotate.ingest.presets import GALLERY
from annotate.models import Comparison, Entrant, Lineup, Pair, Problem, Project, Trace, Turn
from tests.factories import a_comparing_project, a_pair, a_trace

RIGHT, WRONG, CUT = Outcome.RIGHT, Outcome.WRONG, Outcome.TRUNCATED
ATTEMPTS = (
    (7001, "a0", None, ("Six times seven.", " It is 42.")),
    (7001, "a1", RIGHT, ("Six times seven.", " It is 42.", " Done.")),
    (7001, "a2", WRONG, ("Six times seven.", " It is 43.")),
    (7001, "a3", RIGHT, ("Forty-two.",)),
    (7001, "a4", WRONG, ("Forty.",)),
    (7002, "b0", None, ("Yes.",)),
    (7002, "b1", None, ("Yes.",)),
    (7003, "c0", RIGHT, ("Alone.",)),
    (7004, "d0", CUT, ("One.", " Two.")),
    (7004, "d1", RIGHT, ("One.", " Three.")),
    (7004, "d2", RIGHT, ("One.", " Two.", " Four.")),
)
# What was asked for, in this order, as what / pairs or lineups of each problem / size of a lineup.
ASKED = (("traces", 2, 4), ("steps", 3, 4), ("lineups", 2, 3), ("traces", 9, 4))
# Name, left, right; of steps with their positions.
PAIRS = [
    ("from a file", "a2", "a1"),
    ("known", "a0", "a3"),
    ("a3 | a4", "a3", "a4"),
    ("d0 | d1", "d0", "d1"),
    ("d2 | d0", "d2", "d0"),
    ("step 5226f3134c1ca22d3f35a97a689b877b47ce7eae", "a1:1", "a2:1"),
    ("step 8c513973c1c57bf902245360e8c6984d2b310245", "a4:0", "a3:0"),
    ("step a572a471ff531a102f817252283988ecdfcc5ccb", "a4:0", "a1:0"),
    ("step a57e8ada341db58bb96ee84067c7a63e342a880e", "d0:1", "d1:1"),
    ("a1 | a4", "a1", "a4"),
    ("a3 | a2", "a3", "a2"),
    ("a1 | a0", "a1", "a0"),
    ("a0 | a2", "a0", "a2"),
    ("a0 | a4", "a0", "a4"),
    ("a3 | a1", "a3", "a1"),
    ("d2 | d1", "d2", "d1"),
]
LINEUPS = [
    ("lineup 2923cc4f7d4d3c663542b71f722e2080bfa5ed0a", "a1 a2 a3"),
    ("lineup 28f524784a8187e116327794cc4d92df5d39ad20", "d0 d2 d1"),
]
# Of each pair or lineup: how many slots, its luck, the skill.
SLOTS = [
    ("from a file", 2, 1575186336, ""),
    ("d0 | d1", 3, 433948804, "algebra"),
    ("d2 | d0", 2, 2055234519, ""),
    ("step 5226f3134c1ca22d3f35a97a689b877b47ce7eae", 2, 139830937, ""),
    ("step a57e8ada341db58bb96ee84067c7a63e342a880e", 3, 543638456, "algebra"),
    ("lineup 2923cc4f7d4d3c663542b71f722e2080bfa5ed0a", 2, 799622796, ""),
    ("lineup 28f524784a8187e116327794cc4d92df5d39ad20", 3, 121721570, "algebra"),
    ("a3 | a2", 2, 1714227300, ""),
    ("a1 | a0", 2, 1189948154, ""),
    ("a0 | a2", 2, 460809480, ""),
    ("a3 | a1", 2, 2112369061, ""),
    ("d2 | d1", 3, 1757456592, "algebra"),
]


def a_small_project() -> Project:
    """Traces that say the same, one alone, one withdrawn; a pair from a file, and one whose answer is known."""
    project = a_comparing_project(slug="small", overlap=2)
    both = (*GALLERY["preference"].criteria, *GALLERY["ranking"].criteria)
    use_rubric(project, create_rubric(project, name="both", criteria=both))
    rules = {"seed": 5, "stratum_key": "set", "overlap_of": ["hard=3"], "skill_key": "of"}
    Project.objects.filter(pk=project.pk).update(queue_rules=rules)
    project.refresh_from_db()
    problems = {
        key: Problem.objects.create(
            pk=key, project=project, external_id=f"p{key}", text="?", content_hash="0" * 64
        )
        for key in sorted({key for key, *_ in ATTEMPTS})
    }
    named: dict[str, Trace] = {}
    for key, name, outcome, texts in ATTEMPTS:
        named[name] = a_trace(project, problem=problems[key], external_id=name, texts=texts, outcome=outcome)
    Trace.objects.filter(external_id="d1").update(meta={"set": "hard", "of": "algebra"})
    a_pair(named["a2"], named["a1"], external_id="from a file")
    known = a_pair(named["a0"], named["a3"], external_id="known")
    Pair.objects.filter(pk=known.pk).update(use=Purpose.GOLD)
    add_turns(project)
    Turn.objects.filter(trace__external_id="a4").update(use=Purpose.WITHDRAWN)
    return project


def pairs_of(project: Project) -> list[tuple[str, str, str]]:
    every = Pair.objects.filter(project=project).order_by("pk")
    return [(pair.external_id, _side(pair, "left"), _side(pair, "right")) for pair in every]


def lineups_of(project: Project) -> list[tuple[str, str]]:
    found = []
    for lineup in Lineup.objects.filter(project=project).order_by("pk"):
        places = Entrant.objects.filter(lineup=lineup).order_by("place")
        found.append((lineup.external_id, " ".join(places.values_list("trace__external_id", flat=True))))
    return found


def slots_of(project: Project) -> list[tuple[str, int, int, str]]:
    """In the order in which they were made, one to a slot: name, number, luck, skill."""
    rows: Any = Comparison.objects.filter(project=project).select_related("pair", "lineup").order_by("pk")
    return [((row.pair or row.lineup).external_id, row.slot, row.luck, row.skill) for row in rows]


def wanted_slots() -> list[tuple[str, int, int, str]]:
    return [(name, number, luck, skill) for name, n, luck, skill in SLOTS for number in range(n)]


def _side(pair: Pair, side: str) -> str:
    trace, step = getattr(pair, f"{side}_trace"), getattr(pair, f"{side}_step")
    return trace.external_id if trace else f"{step.trace.external_id}:{step.position}"
