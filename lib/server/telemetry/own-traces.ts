/**
 * X-Ray's own traces: a span per request (and Next's own below it), sent to OTEL_EXPORTER_OTLP_ENDPOINT. Off unless that
 * is set. Spans never describe the ingest endpoints, and an endpoint that is this X-Ray itself is refused, so that no
 * trace begets another.
 */
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Telemetry } from './telemetry.ts';

export interface OwnTraces {
  /** Runs `handle` inside a server span; `status` is read when it has settled. */
  readonly request: (method: string, route: string, handle: () => Promise<void>, status: () => number) => Promise<void>;
  readonly close: () => Promise<void>;
}

const OFF: OwnTraces = { request: (_method, _route, handle) => handle(), close: async () => undefined };

/** `endpoint` as in OTEL_EXPORTER_OTLP_ENDPOINT (base address, without /v1/traces); null: nothing is sent. */
export function startOwnTraces(
  endpoint: string | null,
  self: { readonly port: number; readonly version: string },
  telemetry: Telemetry,
): OwnTraces {
  if (endpoint === null) return OFF;
  const url = new URL(endpoint);
  if (/^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname) && Number(url.port) === self.port) {
    telemetry.log('warn', 'own-traces', {
      reason: `OTEL_EXPORTER_OTLP_ENDPOINT is this X-Ray (${endpoint}): its own traces are not sent`,
    });
    return OFF;
  }
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'xray', 'service.version': self.version }),
    spanProcessors: [
      new BatchSpanProcessor(new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` })),
    ],
  });
  provider.register();
  const tracer = trace.getTracer('xray', self.version);
  return {
    async request(method, route, handle, status) {
      if (route.startsWith('/v1/') || route === '/_next' || route === '/metrics') return await handle();
      const span = tracer.startSpan(`${method} ${route}`, {
        kind: SpanKind.SERVER,
        attributes: { 'http.request.method': method, 'http.route': route },
      });
      try {
        await context.with(trace.setSpan(context.active(), span), handle);
      } finally {
        span.setAttribute('http.response.status_code', status());
        if (status() >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      }
    },
    close: () => provider.shutdown(),
  };
}
