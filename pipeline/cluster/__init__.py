"""Cluster: one happening, one event, in Chinese and English. `sketch` a document, `place` it beside candidates, `merge` it in."""

from pipeline.cluster.merging import merge
from pipeline.cluster.placing import place
from pipeline.cluster.sketching import remember, sketch

__all__ = ["merge", "place", "remember", "sketch"]
