"""Questions to judges of traces: one file for each kind."""
