/** POST /v1/events: Ray's event export. Ray sends again for ever on anything but 2xx, so one bad record is no error. */
import { ProblemError } from '../../../lib/server/problem.ts';
import { getRuntime } from '../../../lib/server/runtime.ts';
import { problemResponse } from '../../api/problem-response.ts';
import { ingestBody } from '../ingest-body.ts';

export async function POST(request: Request): Promise<Response> {
  try {
    const { ingest, config } = getRuntime();
    const body = await ingestBody(request, config.limits.bodyBytes);
    if (body.contentType !== '' && !/json|octet-stream|text\/plain/i.test(body.contentType))
      throw new ProblemError(
        'unsupported-media-type',
        `content type "${body.contentType}" is not supported: send application/json`,
      );
    return Response.json(await ingest.rayEvents(body));
  } catch (error) {
    return problemResponse(error);
  }
}
