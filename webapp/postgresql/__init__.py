"""Django's backend for PostgreSQL, but for how a connection is found to be alive (base.py)."""
