/** GET /metrics: X-Ray's own metrics in Prometheus' text format. */
import { getRuntime } from '../../lib/server/runtime/runtime.ts';

export async function GET(): Promise<Response> {
  const { registry } = getRuntime().telemetry;
  return new Response(await registry.metrics(), {
    headers: { 'content-type': registry.contentType, 'cache-control': 'no-store' },
  });
}
