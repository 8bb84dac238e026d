import { alertsRoute } from '../../../lib/contract/alerts.ts';
import { alerts } from '../../../lib/server/alerts/alerts.ts';
import { answer } from '../answer.ts';

export const GET = answer(alertsRoute, alerts);
