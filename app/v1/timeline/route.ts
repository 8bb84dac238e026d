/** POST /v1/timeline?cluster=&session=&job=: a timeline file of Ray's (State API or `ray timeline`), gzip or not. */
import { TimelineImportQuery } from '../../../lib/contract/timeline-import.ts';
import { parseQuery } from '../../../lib/server/http/parse-query.ts';
import { getRuntime } from '../../../lib/server/runtime/runtime.ts';
import { problemResponse } from '../../api/problem-response.ts';
import { requireJson } from '../require-json.ts';

export async function POST(request: Request): Promise<Response> {
  try {
    const { ingest } = getRuntime();
    const query = parseQuery(TimelineImportQuery, request);
    requireJson(request);
    const body = await ingest.receive(request, 'ray-timeline');
    return Response.json(await ingest.rayTimeline({ ...body, session: query.session ?? null, job: query.job ?? null }));
  } catch (error) {
    return problemResponse(error, request.signal.aborted);
  }
}
