"""The JSON routes, one file a noun. Each parses, calls one query and returns a record."""
