"""Two whole solutions side by side: which one is better."""

from __future__ import annotations

from .contracts import RubricPreset
from .parts import PREFERENCE_OF_PEOPLE

PRESET = RubricPreset(
    key="preference",
    title="Preference",
    description="Which of two solutions of a problem is better? Pairs are compared side by side.",
    criteria=(PREFERENCE_OF_PEOPLE,),
    guidelines="""Read both to the end before you choose. A right solution beats a wrong one, however well the wrong one
is written. Of two right ones the better is the one whose every step holds and helps; of two wrong ones, the one that
goes wrong later.

Length and tone decide nothing. *Neither* says that you found no difference that matters, *unsure* that you cannot tell.
""",
)
