"""One file per noun: a door, then one action or query, then a serializer. No rule of the domain is repeated here."""
