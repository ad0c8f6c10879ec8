"""Fetch and parse: where we look, politely. Every reader yields entries."""
