"""Cluster: one happening, one event, in Chinese and English. `sketch` a document, `place` it beside candidates, `merge` it in."""

from pipeline.cluster.merging import merge
from pipeline.cluster.placing import Compared, place
from pipeline.cluster.sketching import event_id, remember, sketch

__all__ = ["Compared", "event_id", "merge", "place", "remember", "sketch"]
