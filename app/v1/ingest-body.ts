/** A request as an ingest body: read no further than the limit, so that a huge upload is refused early. */
import type { IngestBody } from '../../lib/server/ingest/ingest.ts';
import { ProblemError } from '../../lib/server/problem.ts';

export async function ingestBody(request: Request, limitBytes: number): Promise<IngestBody> {
  const declared = Number(request.headers.get('content-length') ?? '0');
  const tooLarge = (bytes: number) =>
    new ProblemError('too-large', `the body has at least ${bytes} bytes, the limit is ${limitBytes}`);
  if (declared > limitBytes) throw tooLarge(declared);
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (request.body)
    for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > limitBytes) throw tooLarge(size);
      chunks.push(chunk);
    }
  return {
    bytes: Buffer.concat(chunks),
    contentType: request.headers.get('content-type') ?? '',
    contentEncoding: request.headers.get('content-encoding') ?? '',
    cluster: new URL(request.url).searchParams.get('cluster'),
  };
}
