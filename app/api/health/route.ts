import { healthRoute } from '../../../lib/contract/health.ts';
import { health } from '../../../lib/server/sources/health.ts';
import { answer } from '../answer.ts';

export const GET = answer(healthRoute, health);
