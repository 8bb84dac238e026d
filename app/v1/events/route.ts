/** POST /v1/events: Ray's event export. Ray sends again for ever on anything but 2xx, so one bad record is no error. */
import { getRuntime } from '../../../lib/server/runtime/runtime.ts';
import { problemResponse } from '../../api/problem-response.ts';
import { requireJson } from '../require-json.ts';

export async function POST(request: Request): Promise<Response> {
  try {
    const { ingest } = getRuntime();
    requireJson(request);
    return Response.json(await ingest.rayEvents(await ingest.receive(request, 'ray-events')));
  } catch (error) {
    return problemResponse(error, request.signal.aborted);
  }
}
