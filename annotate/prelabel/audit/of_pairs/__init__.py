"""Questions to judges of pairs: one file for each kind."""
