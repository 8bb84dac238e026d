import { spanRoute } from '../../../../../../lib/contract/traces.ts';
import { getSpan } from '../../../../../../lib/server/traces/trace-columns.ts';
import { answer } from '../../../../answer.ts';

export const GET = answer(spanRoute, getSpan);
