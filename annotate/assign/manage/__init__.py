"""What managers do to a queue and see of it."""
