/** What a share of a large timeline asks in place of tiles. */
import type { timelineFirstPictureAddress } from '../requests/addresses.ts';
import type { RouteParams } from '../requests/routes-by-path.ts';

type PictureParams = RouteParams<(typeof timelineFirstPictureAddress)['path']>;

/** The picture that a share of a large timeline holds in place of the tiles, of the whole job; one for each theme. */
export const sharedPicture = (
  which: Pick<PictureParams, 'jobId' | 'cluster' | 'session'>,
  theme: 'dark' | 'light',
): PictureParams => ({
  ...which,
  width: 1280,
  windowHeight: 900,
  theme,
});
