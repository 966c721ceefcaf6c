"""The reference pages of the handbook, written from the code itself: one file per page, and what they share."""
