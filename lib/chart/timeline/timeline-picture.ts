/**
 * The first look of a large timeline as an SVG image, made where no browser is: slices as the raster that canvases show too,
 * axis and names as text where drawOverlay (components/charts/timeline-paint.ts) puts them.
 */

import { ownValue } from '../../model/own-value.ts';
import { LANE_PAGE, type TimelineTile } from '../../model/timeline-tile.ts';
import type { CanvasTheme } from '../colour/canvas-theme.ts';
import { packColour, sliceColours } from '../colour/timeline-colours.ts';
import { timeTicks } from '../time-series/time-ticks.ts';
import { paintFrame } from './timeline-frame.ts';
import { AXIS_HEIGHT, FOOT, labelsWidth, layoutRows, rowsBetween, tallestLanes } from './timeline-layout.ts';
import { TILE_STATES, type TiledLanes, tracksOfTiles } from './timeline-tiles.ts';
import { fitRange } from './timeline-window.ts';

/** About the width of a character of a name, CSS px: no font is at hand here. */
const CHARACTER = 6.3;
const EVERYTHING = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

export interface PictureSize {
  /** CSS px of the timeline, names included. */
  readonly width: number;
  /** CSS px of the browser's window, which the lanes get a share of. */
  readonly windowHeight: number;
  /** Device pixels per CSS pixel. */
  readonly scale: number;
}

export interface TimelinePicture {
  /** Packed 0xAABBGGRR, row-major. */
  readonly pixels: Uint32Array;
  /** Device pixels of the raster. */
  readonly width: number;
  readonly height: number;
  /** The image, once the address of the raster is known: a data URL. */
  readonly svg: (raster: string) => string;
}

const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeXml = (text: string): string =>
  // Control characters have no place in XML.
  text.replace(/\p{Cc}|[\ufffe\uffff]/gu, '').replace(/[&<>"]/g, (sign) => ownValue(ESCAPED, sign) ?? '');

/** The lanes that one page of lanes fills, for a picture needs no others. */
function firstLanes(answer: TiledLanes): TiledLanes {
  const { key, node, workerId, pid, actor, depth } = answer.lanes;
  const few = <T>(column: readonly T[]): readonly T[] => column.slice(0, 2 * LANE_PAGE);
  return {
    ...answer,
    lanes: {
      key: few(key),
      node: few(node),
      workerId: few(workerId),
      pid: few(pid),
      actor: few(actor),
      depth: few(depth),
    },
    running: answer.running.filter(({ lane }) => lane < 2 * LANE_PAGE),
  };
}

/** `tile`: the first page of lanes over all of the job. `now`: ns after the first start, up to where what runs is drawn. */
export function timelinePicture(
  answer: TiledLanes,
  tile: TimelineTile,
  now: number,
  size: PictureSize,
  theme: CanvasTheme,
): TimelinePicture {
  const { tracks, functions } = tracksOfTiles(firstLanes(answer), new Map([[0, tile]]), now);
  const layout = layoutRows(tracks, new Set());
  const lanes = answer.lanes.key.length;
  const full = lanes > 2 * LANE_PAGE ? Number.POSITIVE_INFINITY : layout.height + AXIS_HEIGHT + FOOT;
  const height = Math.min(full, tallestLanes(size.windowHeight));
  const labels = labelsWidth(size.width);
  const plot = Math.max(1, size.width - labels);
  const range = fitRange(tracks.extent);
  const rows = rowsBetween(layout, 0, height - AXIS_HEIGHT);
  const device = (css: number) => Math.round(css * size.scale);
  const raster = {
    width: device(size.width) - device(labels),
    height: device(height) - device(AXIS_HEIGHT),
  };
  const pixels = new Uint32Array(raster.width * raster.height);
  const background = packColour(theme.panel);
  paintFrame(
    tracks,
    sliceColours(tracks, { functions, states: TILE_STATES }, 'function', background),
    {
      ...raster,
      rows: rows.map(({ track, top, height: high }) => ({
        track,
        top,
        height: high,
        folded: null,
        loaded: track < LANE_PAGE ? EVERYTHING : null,
      })),
      range,
      scale: size.scale,
      palette: {
        background,
        header: packColour(theme.raised),
        failure: packColour(theme.bad),
        accent: packColour(theme.accent),
        muted: packColour(theme.muted),
      },
    },
    pixels,
  );

  const box = (x: number, y: number, wide: number, high: number, colour: string, more = '') =>
    `<rect x="${x}" y="${y}" width="${wide}" height="${high}" fill="${colour}"${more}/>`;
  const text = (x: number, y: number, label: string, colour: string, more = '') =>
    `<text x="${x}" y="${y - 1}" fill="${colour}"${more}>${escapeXml(label)}</text>`;
  const at = (time: number) => Math.round(labels + ((time - range.from) / (range.to - range.from)) * plot);
  const ticks = timeTicks(BigInt(answer.fromNs ?? '0'), range.from, range.to, Math.max(3, Math.floor(plot / 110)));
  const axis = ticks.map(
    (tick) =>
      box(at(tick.at), AXIS_HEIGHT, 1, height, theme.line, ' opacity="0.55"') +
      box(at(tick.at), 6, 1, AXIS_HEIGHT - 6, theme.line) +
      text(at(tick.at) + 4, AXIS_HEIGHT / 2 + 1, tick.label, theme.muted),
  );
  // Canvases squeeze a name that is too long; here it is told by the number of its characters.
  const room = labels - 26;
  const name = (y: number, label: string, colour: string, more = '') =>
    text(
      20,
      y,
      label,
      colour,
      `${more}${label.length * CHARACTER > room ? ` textLength="${room}" lengthAdjust="spacingAndGlyphs"` : ''}`,
    );
  const names = rows.map(({ group, track, top, height: high }) => {
    const middle = AXIS_HEIGHT + top + high / 2;
    if (track === -1)
      return (
        box(0, AXIS_HEIGHT + top, labels - 1, high - 1, theme.raised) +
        text(7, middle, '▾', theme.muted) +
        name(middle, tracks.groups[group]?.label ?? '', theme.text, ' font-weight="600"')
      );
    const lane = tracks.tracks[track];
    return lane?.depth === 0 ? name(middle, lane.label, theme.muted) : '';
  });
  return {
    pixels,
    ...raster,
    svg: (address) =>
      `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${height}" font-family="Inter, system-ui, sans-serif" font-size="11" dominant-baseline="central">
<clipPath id="names"><rect width="${labels - 6}" height="${height}"/></clipPath>
${box(0, 0, size.width, height, theme.panel)}
<image x="${labels}" y="${AXIS_HEIGHT}" width="${raster.width / size.scale}" height="${raster.height / size.scale}" href="${address}" image-rendering="pixelated"/>
${axis.join('')}${box(0, AXIS_HEIGHT - 1, size.width, 1, theme.line)}${box(labels - 1, 0, 1, height, theme.line)}
<g clip-path="url(#names)">${names.join('')}</g>
</svg>`,
  };
}
