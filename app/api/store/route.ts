import { StoreAction, storeRoute } from '../../../lib/contract/store.ts';
import { settleStore, storeReport } from '../../../lib/server/store/store-report.ts';
import { answer } from '../answer.ts';
import { answerBody } from '../answer-body.ts';

const BODY_LIMIT_BYTES = 1024;

export const GET = answer(storeRoute, async (runtime) => storeReport(runtime));
export const POST = answerBody(StoreAction, BODY_LIMIT_BYTES, (runtime, body) => settleStore(runtime, body.action));
