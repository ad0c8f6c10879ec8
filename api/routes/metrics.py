"""Figures for Prometheus, read from the store at the moment of asking. They need the key, as everything else does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from api.deps import AtDesk, now
from storage import gauges
from storage.gauges import Gauges

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(desk: AtDesk) -> Response:
    """Delays, queue, sources, clustering, deliveries and heartbeats, in Prometheus's text format."""
    at = now()
    with desk.store.reading() as session:
        found = gauges.read(session, at)
    return Response(exposed(found, at), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def exposed(found: Gauges, at: datetime) -> bytes:
    """The figures in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Read(found, at))
    return generate_latest(registry)


class _Read:
    """What a registry asks for its families."""

    def __init__(self, found: Gauges, at: datetime) -> None:
        self.found = found
        self.at = at

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every family, with its samples."""
        found = self.found
        delay = _family("delay_seconds", "How long a stage took, over the last hour", "stage", "quantile")
        passed = _family("delay_documents", "How many passed a stage in the last hour, 2,000 at most", "stage")
        for one in found.delays:
            passed.add_metric([one.stage], one.count)
            for share, seconds in one.seconds.items():
                delay.add_metric([one.stage, f"{share:g}"], seconds)
        yield from (delay, passed)
        yield _labelled("documents_finished", "Documents whose trip ended in the last hour", "state", found.finished)
        yield _single(
            "events_touched", "Events that documents of the last hour founded or joined", found.events_touched
        )
        yield from self._work()
        yield _labelled("sources", "Sources by their health", "health", found.sources)
        ages = {name: self._age(then) for name, then in found.source_success.items()}
        yield _labelled("source_success_age_seconds", "Since a source was last read well", "source", ages)
        yield _labelled("deliveries", "Deliveries made in the last day", "state", found.deliveries)
        waits = self._age(found.waiting_since) if found.waiting_since else 0.0
        yield _single("delivery_wait_seconds", "Since when the oldest delivery that is due waits", waits)
        beats = {name: self._age(then) for name, then in found.heartbeats.items()}
        yield _labelled("heartbeat_age_seconds", "Since a part last said that it lives", "part", beats)
        yield _single("notices", "Notices that stand for who runs the installation", found.notices)

    def _work(self) -> Iterator[GaugeMetricFamily]:
        count = _family("work", "Pieces of work in the queue", "kind", "state")
        due = _family("work_due", "Pieces of work that could be done now", "kind", "state")
        age = _family("work_age_seconds", "Since the oldest piece of work was pushed", "kind", "state")
        for depth in self.found.work:
            labels = [depth.kind, depth.state]
            count.add_metric(labels, depth.count)
            due.add_metric(labels, depth.due)
            age.add_metric(labels, self._age(depth.oldest))
        yield from (count, due, age)

    def _age(self, then: datetime) -> float:
        return max(0.0, (self.at - then).total_seconds())


def _family(name: str, told: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"launchwatch_{name}", told, labels=labels)


def _single(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"launchwatch_{name}", told, value=value)


def _labelled(name: str, told: str, label: str, values: dict[str, int] | dict[str, float]) -> GaugeMetricFamily:
    family = _family(name, told, label)
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family
