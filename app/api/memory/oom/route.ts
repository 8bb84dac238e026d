import { oomRoute } from '../../../../lib/contract/memory.ts';
import { listOomKills } from '../../../../lib/server/memory/oom-kills.ts';
import { answer } from '../../answer.ts';

export const GET = answer(oomRoute, listOomKills);
