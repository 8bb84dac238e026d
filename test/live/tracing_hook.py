"""Ray tracing startup hook (`--tracing-startup-hook tracing_hook:setup_tracing`): every Ray process exports to X-Ray."""
import os

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def setup_tracing():
    provider = TracerProvider(resource=Resource.create({"service.name": "xray-live-test"}))
    exporter = OTLPSpanExporter(endpoint=os.environ["XRAY_OTLP_ENDPOINT"])
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=300))
    trace.set_tracer_provider(provider)
