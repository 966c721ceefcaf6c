"""Rows as JSON and JSON as clean values, one file per noun. What is unknown is null, never an empty word."""
