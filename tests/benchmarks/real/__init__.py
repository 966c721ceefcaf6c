"""Signals of real machines on the project's own traces, whose first errors are known."""
