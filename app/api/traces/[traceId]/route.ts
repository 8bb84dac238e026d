import { traceRoute } from '../../../../lib/contract/traces.ts';
import { getTrace } from '../../../../lib/server/traces/traces.ts';
import { answer } from '../../answer.ts';

export const GET = answer(traceRoute, getTrace);
