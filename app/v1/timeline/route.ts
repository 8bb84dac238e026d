/** POST /v1/timeline?cluster=&session=&job=: a timeline file of Ray's (State API or `ray timeline`), gzip or not. */
import { TimelineImportQuery } from '../../../lib/contract/timeline-import.ts';
import { ProblemError } from '../../../lib/server/problem.ts';
import { getRuntime } from '../../../lib/server/runtime.ts';
import { problemResponse } from '../../api/problem-response.ts';
import { requireJson } from '../require-json.ts';

function parseQuery(request: Request) {
  const given = Object.fromEntries(new URL(request.url).searchParams);
  const parsed = TimelineImportQuery.safeParse(given);
  if (parsed.success) return parsed.data;
  const unknown = Object.keys(given).find((name) => !(name in TimelineImportQuery.shape));
  if (unknown !== undefined)
    throw new ProblemError(
      'unknown-parameter',
      `unknown parameter "${unknown}"; this resource takes: ${Object.keys(TimelineImportQuery.shape).join(', ')}`,
    );
  const issue = parsed.error.issues[0];
  const name = issue?.path.join('.') ?? '';
  throw new ProblemError(
    'invalid-parameter',
    `parameter "${name}" is ${JSON.stringify(given[name] ?? null)}: ${issue?.message ?? 'invalid'}`,
  );
}

export async function POST(request: Request): Promise<Response> {
  try {
    const { ingest } = getRuntime();
    const query = parseQuery(request);
    requireJson(request);
    const body = await ingest.receive(request, 'ray-timeline');
    return Response.json(await ingest.rayTimeline({ ...body, session: query.session ?? null, job: query.job ?? null }));
  } catch (error) {
    return problemResponse(error, request.signal.aborted);
  }
}
