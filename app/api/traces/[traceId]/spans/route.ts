import { traceColumnsRoute } from '../../../../../lib/contract/traces.ts';
import { getTraceColumns } from '../../../../../lib/server/traces/trace-columns.ts';
import { answerGzip } from '../../../answer.ts';

export const GET = answerGzip(traceColumnsRoute, getTraceColumns);
