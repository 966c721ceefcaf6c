"""An agent's actions, one by one, with the rules of AgentProcessBench, and the final result apart from them."""

from __future__ import annotations

from dataclasses import replace

from annotate.enums import CriterionKind, Scope, StepKind

from .contracts import CriterionPreset, LevelPreset, RubricPreset
from .parts import RECOVERABLE, VERDICT

PRESET = RubricPreset(
    key="agent-process",
    title="Agent process",
    description="+1, 0 or −1 for every action of an agent, with rules for errors that spread, and the final result.",
    criteria=(
        replace(
            VERDICT,
            title="Effect",
            description="Does this action bring the task forward?",
            levels=(
                LevelPreset("good", "+1 Helps", "Correct, and it brings the task forward.", "1", 1.0),
                LevelPreset("neutral", "0 Neutral", "Harmless, or a reasonable try that failed.", "0", 0.0),
                LevelPreset("bad", "−1 Harms", "Wrong, or built on an error not yet mended.", "-", -1.0),
            ),
            step_kinds=(StepKind.ACTION,),
        ),
        RECOVERABLE,
        CriterionPreset(
            "result",
            "Final result",
            "Was the task done in the end, whatever happened on the way?",
            (
                LevelPreset("success", "Done", "What was asked for is there.", "1", 1.0),
                LevelPreset("failure", "Not done", "It is missing, wrong or only claimed.", "0", 0.0),
                LevelPreset("unclear", "Unclear", "The trace does not show it.", "-"),
            ),
            scope=Scope.TRACE,
            kind=CriterionKind.CHOICE,
        ),
    ),
    guidelines="""Judge what the agent did, not whether it was lucky. What a tool answered is not judged, only read.

- **Errors spread.** An action that rests on an error which nobody has mended is −1, even if it is right by itself.
- **Self-correction ends that.** From the action that really mends the error on, judge afresh: the mending itself is +1.
- **A first reasonable try** that fails for reasons outside the agent (a search without hits, a tool that is down) is 0.
  The same try again without a change is −1.
- **Rewards that are shown are hints**, nothing more: an agent may reach the result by a wrong way.
- The **final result** is a question of its own. Answer it from the last state, not from the sum of the actions.
""",
)
