/** The server's picture of the lanes (components/shell/before-paint.ts asks for it), to lie over them until they are drawn. */
const PROPERTY = '--first-picture';

/** What Element Timing (W3C) calls it: when it was on the screen can be asked for. */
const NAMED = { elementtiming: 'first-picture' };

export function FirstPicture() {
  return (
    <div
      {...NAMED}
      aria-hidden="true"
      className="pointer-events-none absolute inset-0"
      style={{ background: `var(${PROPERTY}) 0 0 / 100% auto no-repeat` }}
    />
  );
}

/** It is of one job and one look: nothing else may show it. */
export function forgetFirstPicture(): void {
  document.documentElement.style.removeProperty(PROPERTY);
}
