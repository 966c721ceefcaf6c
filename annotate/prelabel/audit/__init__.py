"""The audit of a judge: questions whose right answer is known beforehand, or known not to depend on what was changed.

``kinds`` says what is asked of judges of traces and of judges of pairs, whose questions stand in ``of_traces`` and
``of_pairs``, one file each; ``strategy`` asks them of any judge; ``counts`` is what comes of it. An audit writes no
labels.
"""
