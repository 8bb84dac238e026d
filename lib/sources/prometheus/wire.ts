/** Bodies of Prometheus' HTTP API v1 (web/api/v1/api.go, recorded with 2.42); what stands beside the data never costs it. */
import { z } from 'zod';

export const Envelope = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.unknown().optional(),
    warnings: z.unknown().optional(),
    infos: z.unknown().optional(),
  }),
  z.object({
    status: z.literal('error'),
    errorType: z.unknown().optional(),
    error: z.unknown().optional(),
  }),
]);

/** `data` of a query, its result read row by row (decode.ts). */
export const QueryEnvelope = z.object({ resultType: z.enum(['vector', 'matrix', 'scalar', 'string']) });

export const ConfigStatus = z.object({ yaml: z.string() });
