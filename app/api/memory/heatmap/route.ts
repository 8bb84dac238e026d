import { heatmapRoute } from '../../../../lib/contract/memory.ts';
import { heatmap } from '../../../../lib/server/memory/heatmap.ts';
import { answer } from '../../answer.ts';

export const GET = answer(heatmapRoute, heatmap);
