"""Traces, machines and people made up from stated models that are none of those fitted."""
