import { traceFoundRoute } from '../../../../../lib/contract/traces.ts';
import { findSpans } from '../../../../../lib/server/traces/trace-columns.ts';
import { answer } from '../../../answer.ts';

export const GET = answer(traceFoundRoute, findSpans);
