"""Every rater of a project on one scale: read the labels, fit, store, and place sessions since."""
