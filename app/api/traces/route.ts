import { tracesRoute } from '../../../lib/contract/traces.ts';
import { listTraces } from '../../../lib/server/traces/traces.ts';
import { answer } from '../answer.ts';

export const GET = answer(tracesRoute, listTraces);
