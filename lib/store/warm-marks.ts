/**
 * Where granules lie on disk, held in memory from the start and for every part that comes: the first tile of a lane would read
 * it otherwise, from a file for each column. A sixth of the time of such a tile.
 */
import type { Engine } from './engine.ts';

const TABLES = ['timeline_levels', 'timeline_slices', 'timeline_lane_sums', 'timeline_lanes'];

/** A ClickHouse that does not know this, or does not allow it, goes on without. */
export async function warmMarks(engine: Engine): Promise<void> {
  for (const table of TABLES) {
    // A tile reads a little of every part, so these merge as early as they can (engine-settings.ts), which is rarely: the indexer joins what it writes.
    await engine.command(`ALTER TABLE xray.${table} MODIFY SETTING min_parts_to_merge_at_once = 0`).catch(() => {});
    await engine.command(`ALTER TABLE xray.${table} MODIFY SETTING prewarm_mark_cache = 1`).catch(() => {});
    await engine.command(`SYSTEM PREWARM MARK CACHE xray.${table}`).catch(() => {});
  }
}
