/** POST /v1/timeline: a timeline file of Ray's, of either format. Answers an IngestReport (ingest.ts). */
import { z } from 'zod';
import { ClusterName } from './parameters.ts';

/** The query string; anything else in it is refused by name. */
export const TimelineImportQuery = z.strictObject({
  /** Name of the cluster; without it the session is its own cluster. */
  cluster: ClusterName.min(1).optional(),
  /** Ray's session name, to merge into what is known of it; without it `imported:` and a hash of the content. */
  session: ClusterName.min(1).optional(),
  /** Ray's job id of spans that say none. */
  job: z
    .string()
    .regex(/^[0-9a-f]{8}$/, 'expected a job id of 8 hex digits, like 02000000')
    .optional(),
});
