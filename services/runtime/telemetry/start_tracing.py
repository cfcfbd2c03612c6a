"""Whether this process traces: OpenTelemetry is imported by those who want it, and by nobody else."""

from collections.abc import Sequence

from services.runtime.settings import Settings
from services.runtime.telemetry.tracing import OFF, Tracing


def start_tracing(settings: Settings, services: Sequence[str]) -> Tracing:
    """The traces of this process, which hosts these services, as the settings want them."""
    if not settings.otel_exporter_otlp_endpoint:
        return OFF
    from services.runtime.telemetry.tracing_otel import OtelTracing

    name = f"backoffice-{services[0]}" if len(services) == 1 else "backoffice"
    return OtelTracing(settings.otel_exporter_otlp_endpoint, name)
