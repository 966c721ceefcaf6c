"""How dates look in each language, by the names that the templates use; the rest is Django's own."""
