"""What every error of the store is."""

from __future__ import annotations


class StoreError(Exception):
    """The store cannot be used."""
