"""The metrics of one process, made from the catalogue (``services.contracts.metrics``) as they are first used."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client import Metric as Family
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.contracts.metrics import Metric

Reading = Callable[[], Iterable[tuple[Sequence[str], float]]]
"""Label values and the number that goes with them, as they are when it is called."""

Made = TypeVar("Made", Counter, Gauge, Histogram)


class Measures:
    """The process's registry. Services in one process share it, each metric is made once."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._made: dict[str, Counter | Gauge | Histogram] = {}
        ProcessCollector(registry=self._registry)

    def counter(self, metric: Metric) -> Counter:
        """The counter of that metric."""
        return self._find(metric, Counter, lambda: Counter(*self._arguments(metric), registry=self._registry))

    def gauge(self, metric: Metric) -> Gauge:
        """The gauge of that metric."""
        return self._find(metric, Gauge, lambda: Gauge(*self._arguments(metric), registry=self._registry))

    def histogram(self, metric: Metric) -> Histogram:
        """The histogram of that metric."""

        def make() -> Histogram:
            return Histogram(*self._arguments(metric), buckets=metric.buckets, registry=self._registry)

        return self._find(metric, Histogram, make)

    def read(self, metric: Metric, reading: Reading) -> None:
        """Have a gauge read at each scrape. Only once for a metric."""
        self._registry.register(_Read(metric, reading))

    def exposition(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self._registry)

    def _find(self, metric: Metric, kind: type[Made], make: Callable[[], Made]) -> Made:
        made = self._made.get(metric.name)
        if made is None:
            made = self._made[metric.name] = make()
        assert isinstance(made, kind), f"{metric.name} is a {metric.kind}"
        return made

    @staticmethod
    def _arguments(metric: Metric) -> tuple[str, str, tuple[str, ...]]:
        return metric.name, metric.help, metric.labels


class _Read(Collector):
    def __init__(self, metric: Metric, reading: Reading) -> None:
        self._metric = metric
        self._reading = reading

    def describe(self) -> Iterator[Family]:
        """Prometheus asks when it is registered, where nothing may be read yet."""
        yield self._family(())

    def collect(self) -> Iterator[Family]:
        """Prometheus asks at each scrape."""
        yield self._family(self._reading())

    def _family(self, values: Iterable[tuple[Sequence[str], float]]) -> Family:
        family = GaugeMetricFamily(self._metric.name, self._metric.help, labels=self._metric.labels)
        for labels, value in values:
            family.add_metric(labels, value)
        return family
