"""Faults on purpose: the real parts as real processes, killed, starved and cut off, and what they kept counted. See docs/faults.md."""
