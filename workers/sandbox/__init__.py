"""Run programs nobody has read. ``runner`` is the door; the rest runs in the launcher's own process."""
