"""The audit of a judge: questions whose right answer is known beforehand, or known not to depend on what was changed.

``families`` lists the kinds of question, one file each; ``strategy`` asks them of any judge; ``counts`` is what comes
of it. An audit writes no labels.
"""
