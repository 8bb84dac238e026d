/** What Alertmanager's API v2 answers where it refuses (alerts: decode-alerts.ts). */
import { z } from 'zod';

/** Errors come in two shapes: a bare JSON string, or code and message. */
export const AlertmanagerError = z.union([z.string(), z.object({ code: z.number(), message: z.string() })]);
