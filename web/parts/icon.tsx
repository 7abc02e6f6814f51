/** Icons of 16 units, drawn in the colour of the text around them. */

const PATHS = {
  search: 'M11.5 7a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0zM10.5 10.5 14 14',
  clock: 'M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM8 4.5V8l2.5 1.5',
  down: 'm4.5 6.5 3.5 3.5 3.5-3.5',
  left: 'm9.5 4.5-3.5 3.5 3.5 3.5',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  up: 'm4.5 9.5 3.5-3.5 3.5 3.5',
  right: 'm6.5 4.5 3.5 3.5-3.5 3.5',
  live: 'M4.5 3v10l8-5z',
  stop: 'M4 4h8v8H4z',
  link: 'M6.5 9.5a3 3 0 0 0 4.3 0l2-2a3 3 0 0 0-4.3-4.3l-.8.8M9.5 6.5a3 3 0 0 0-4.3 0l-2 2a3 3 0 0 0 4.3 4.3l.8-.8',
  download: 'M8 2v8m-3-3 3 3 3-3M3 13h10',
  sort: 'M5 3v10m-2.5-2.5L5 13l2.5-2.5M9 4h5M9 8h4M9 12h2.5',
  deploy: 'M8 13.5v-10M4.5 7 8 3.5 11.5 7',
  restart: 'M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3',
  grid: 'M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z',
  descending: 'M8 3v10m-3.5-3.5L8 13l3.5-3.5',
  wrap: 'M2 4h12M2 8h9.5a2.2 2.2 0 0 1 0 4.4H8m1.8-1.9L8 12.4l1.8 1.8M2 12h3',
  moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z',
  sun: 'M11 8a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM8 1.5v1.6M8 12.9v1.6M1.5 8h1.6M12.9 8h1.6M3.4 3.4l1.1 1.1M11.5 11.5l1.1 1.1M3.4 12.6l1.1-1.1M11.5 4.5l1.1-1.1',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  check: 'm3 8.5 3.2 3.2L13 5',
  star: 'm8 2 1.8 3.8 4.2.5-3.1 2.9.8 4.1L8 11.2l-3.7 2.1.8-4.1L2 6.3l4.2-.5z',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  values: 'M3 13V9m5 4V3m5 10V7',
  context: 'M2 8h12M4 4.5h8M4 11.5h8M6 1.5h4M6 14.5h4',
  user: 'M10.8 5.3a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0zM2.8 14a5.2 5.2 0 0 1 10.4 0',
  request: 'M2 3.5h7M5 8h7M9 12.5h5',
  filter: 'M2 3.5h12M4.5 8h7M7 12.5h2',
  close: 'm4 4 8 8m0-8-8 8',
  keys: 'M1.5 4h13v8h-13zM4 7h.1M6.7 7h.1M9.3 7h.1M12 7h.1M5 9.7h6',
  out: 'M6 2.5H3v11h3M7 8h7m-2.5-2.5L14 8l-2.5 2.5',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** A level by its shape, with its word for those who cannot see it. */
export function LevelIcon({ level }: { readonly level: string | undefined }) {
  const shape = shapeOf(level);
  if (shape === undefined) return <span class="hidden-text">no level</span>;
  return (
    <svg class={`level-icon level-${level}`} viewBox="0 0 16 16" role="img" aria-label={level}>
      {shape}
    </svg>
  );
}

function shapeOf(level: string | undefined) {
  switch (level) {
    case 'fatal':
      return (
        <>
          <path class="ground" d="M8 .8 15.2 8 8 15.2.8 8z" />
          <path class="sign" d="M8 4.4v4M8 11.2v.2" />
        </>
      );
    case 'error':
      return (
        <>
          <circle class="ground" cx="8" cy="8" r="7" />
          <path class="sign" d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" />
        </>
      );
    case 'warn':
      return (
        <>
          <path class="ground" d="M8 1.4 15.2 14H.8z" />
          <path class="sign" d="M8 6v3.6M8 12v.1" />
        </>
      );
    case 'info':
      return <circle class="stroke" cx="8" cy="8" r="3.2" />;
    case 'debug':
      return <path class="stroke" d="M5 8h6" />;
    case 'trace':
      return <circle class="dot" cx="8" cy="8" r="1.6" />;
    default:
      return undefined;
  }
}
