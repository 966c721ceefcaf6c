"""One rule of order per file: whatever stands here and holds a ``POLICY`` is found."""
