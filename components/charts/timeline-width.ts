'use client';
import { useEffect, useRef, useState } from 'react';
import { labelsWidth } from '../../lib/chart/timeline/timeline-layout.ts';

/** Width of an element in whole CSS px, and the width of the labels that suits it. */
export function useTimelineWidth() {
  const holder = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(Math.floor(element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { holder, width, labels: labelsWidth(width) };
}
