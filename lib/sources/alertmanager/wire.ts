/** Bodies of Alertmanager's API v2 (api/v2/openapi.yaml; recorded with 0.25, which has no `mutedBy`). */
import { z } from 'zod';
import { byKey } from '../../schema/by-key.ts';

export const AlertmanagerAlerts = z.array(
  z.object({
    fingerprint: z.string(),
    labels: byKey(z.string()),
    annotations: byKey(z.string()).default({}),
    /** When it began to FIRE (activeAt + `for`), RFC 3339. */
    startsAt: z.string(),
    /** The end of a resolved alert; only a guess while it fires. */
    endsAt: z.string(),
    updatedAt: z.string(),
    generatorURL: z.string().optional(),
    receivers: z.array(z.object({ name: z.string() })).default([]),
    status: z.object({
      state: z.string(),
      silencedBy: z.array(z.string()).default([]),
      inhibitedBy: z.array(z.string()).default([]),
      mutedBy: z.array(z.string()).optional(),
    }),
  }),
);
export type AlertmanagerAlertWire = z.infer<typeof AlertmanagerAlerts>[number];

/** Errors come in two shapes: a bare JSON string, or code and message. */
export const AlertmanagerError = z.union([z.string(), z.object({ code: z.number(), message: z.string() })]);
