/** Bodies of Prometheus' HTTP API v1 (web/api/v1/api.go, recorded with 2.42). */
import { z } from 'zod';
import { byKey } from '../../schema/by-key.ts';

export const Envelope = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.unknown(),
    warnings: z.array(z.string()).optional(),
    infos: z.array(z.string()).optional(),
  }),
  z.object({
    status: z.literal('error'),
    errorType: z.string(),
    error: z.string(),
    warnings: z.array(z.string()).optional(),
  }),
]);

const Labels = byKey(z.string());
/** `data` of a query, its result read row by row (decode.ts). */
export const QueryEnvelope = z.object({ resultType: z.enum(['vector', 'matrix', 'scalar', 'string']) });

export const AlertBody = z.object({
  labels: Labels,
  annotations: Labels,
  state: z.string(),
  activeAt: z.string().nullish(),
  value: z.string(),
});
export const AlertingRule = z.object({
  type: z.literal('alerting'),
  name: z.string(),
  query: z.string(),
  duration: z.number(),
  keepFiringFor: z.number().default(0),
  state: z.string().default('unknown'),
  health: z.string(),
  lastError: z.string().nullish(),
  lastEvaluation: z.string().nullish(),
  labels: Labels.default({}),
  annotations: Labels.default({}),
  alerts: z.array(AlertBody).nullish(),
});
const RecordingRule = z.object({ type: z.literal('recording') });
export const Rules = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      file: z.string().nullish(),
      interval: z.number(),
      rules: z.array(z.discriminatedUnion('type', [AlertingRule, RecordingRule])),
    }),
  ),
});
export const ConfigStatus = z.object({ yaml: z.string() });
