import { alertRoute } from '../../../../lib/contract/alerts.ts';
import { alert } from '../../../../lib/server/alerts/alert-detail.ts';
import { answer } from '../../answer.ts';

export const GET = answer(alertRoute, alert);
