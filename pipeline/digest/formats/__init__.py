"""One file a format: each takes the laid-out page, and nothing else decides what is said."""
