"""What ``python manage.py stats`` can do: a file that holds a NAME is a subcommand, the others are what those share."""
