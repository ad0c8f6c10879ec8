"""A sample of three weeks of March 2024, written from public facts, and the local web site that serves it."""
