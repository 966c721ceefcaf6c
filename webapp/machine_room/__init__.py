"""What whoever runs the site wants to know at a glance: what waits, who works, what is slow, what is wrong."""
