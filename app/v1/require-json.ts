/** The media type of Ray's bodies: JSON, or one that says nothing (curl and Ray's own files). Throws ProblemError 415. */
import { ProblemError } from '../../lib/server/http/problem.ts';

export function requireJson(request: Request): void {
  const type = request.headers.get('content-type') ?? '';
  if (type === '' || /json|octet-stream|text\/plain/i.test(type)) return;
  throw new ProblemError(
    'unsupported-media-type',
    `content type ${JSON.stringify(type.slice(0, 100))} is not supported: send application/json`,
  );
}
