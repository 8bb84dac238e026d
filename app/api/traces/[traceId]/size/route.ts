import { traceSizeRoute } from '../../../../../lib/contract/traces.ts';
import { getTraceSize } from '../../../../../lib/server/traces/trace-columns.ts';
import { answer } from '../../../answer.ts';

export const GET = answer(traceSizeRoute, getTraceSize);
