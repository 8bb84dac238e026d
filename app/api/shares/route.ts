import { ShareRequest, sharesRoute } from '../../../lib/contract/shares.ts';
import { createShare } from '../../../lib/server/shares/create-share.ts';
import { createOwnApi } from '../../../lib/server/shares/own-api.ts';
import { listShares } from '../../../lib/server/shares/shares.ts';
import { answer } from '../answer.ts';
import { answerBody } from '../answer-body.ts';

/** 64 requests of 8000 characters, a note, and what JSON escapes. */
const BODY_LIMIT_BYTES = 1024 ** 2;

export const GET = answer(sharesRoute, (runtime) => listShares(runtime));
export const POST = answerBody(
  ShareRequest,
  BODY_LIMIT_BYTES,
  (runtime, body, signal) => createShare(runtime, body, createOwnApi(runtime.config), signal),
  (share) => `/api/shares/${share.token}`,
);
