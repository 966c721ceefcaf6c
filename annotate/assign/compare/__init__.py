"""What people compare: pairs and lineups, a queue of their own beside the queue of traces."""
