"""Ray tracing startup hook (`--tracing-startup-hook tracing_hook:setup_tracing`): every Ray process exports to X-Ray.

Where to is in OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, which the exporter reads itself.
"""
import requests
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def setup_tracing():
    provider = TracerProvider(resource=Resource.create({"service.name": "xray-live-test"}))
    # A session that trusts the environment reads all of it at every request (for proxies). Ray changes it meanwhile, and
    # the batch is lost: "Failed to export spans batch code: None, reason: 'OMP_NUM_THREADS'".
    session = requests.Session()
    session.trust_env = False
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(session=session), schedule_delay_millis=300))
    trace.set_tracer_provider(provider)
