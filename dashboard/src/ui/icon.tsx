// SPDX-License-Identifier: Apache-2.0
// Drawn on a grid of 16, one path each; they stand beside words and are hidden from screen readers.
const PATHS = {
  // states
  acknowledged: "M1.5 8.5 4.5 11.5 10 5M7.5 11 8 11.5 14.5 4.5",
  delivered: "M2.5 8.5 6.5 12.5 13.5 4",
  accepted: "M2 8h11M9 4l4 4-4 4",
  leased: "M2.5 8h.01M8 8h.01M13.5 8h.01",
  retrying: "M13 8a5 5 0 1 1-1.6-3.7M13.5 2v3h-3",
  waiting: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 5v3.2l2 1.5",
  uncertain: "M5.5 6a2.5 2.5 0 1 1 3.6 2.2C8.3 8.6 8 9 8 10M8 13h.01",
  failed: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  unreachable: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM3.8 3.8l8.4 8.4",
  suppressed: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM5 8h6",
  expired: "M4.5 2.5h7M4.5 13.5h7M5 2.5c0 3 6 3.5 6 5.5s-6 2.5-6 5.5M11 2.5c0 3-6 3.5-6 5.5s6 2.5 6 5.5",
  cancelled: "M4 4h8v8H4z",
  // campaigns
  draft: "M3.5 12.5l.5-2.5 6.5-6.5 2 2L6 12zM9 5l2 2",
  scheduled: "M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2v3M10.5 2v3",
  running: "M5 3l8 5-8 5z",
  paused: "M5.5 3.5v9M10.5 3.5v9",
  finished: "M2.5 8.5 6.5 12.5 13.5 4",
  archived: "M2.5 3h11v3h-11zM3.5 6v7h9V6M6.5 8.5h3",
  // channels
  email: "M2 3.5h12v9H2zM2.5 4l5.5 4.5L13.5 4",
  sms: "M2 3h12v8H7l-3 3v-3H2zM5 6h6M5 8.3h4",
  voice: "M4.5 2.5l2 3-1.3 1.5c.7 1.5 2.3 3.1 3.8 3.8L10.5 9.5l3 2v2c-5.5 1-12-5.5-11-11z",
  push: "M4 11.5c1-1 1-2.5 1-4.5a3 3 0 0 1 6 0c0 2 0 3.5 1 4.5zM6.5 13.5h3",
  chat: "M2 3h9v6.5H6L4 11.5v-2H2zM12.5 6H14v6.5h-2v2l-2-2H7.5",
  webhook: "M5 4 1.5 8 5 12M11 4l3.5 4L11 12M9 3.5 7 12.5",
  // the page
  menu: "M2 4h12M2 8h12M2 12h12",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  overview: "M2.5 2.5h4.5v5H2.5zM9 2.5h4.5v3H9zM9 7.5h4.5v6H9zM2.5 9.5h4.5v4H2.5z",
  campaigns: "M2.5 6.5v3h2l6 3.5v-10l-6 3.5zM12.8 6a3 3 0 0 1 0 4",
  add: "M8 3v10M3 8h10",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3l3.7 3.7",
  replies: "M6.5 3.5 2.5 7l4 3.5V8.3c3.5 0 5.5 1 7 3.7 0-4-2.5-6.2-7-6.5z",
  audiences: "M6 3a2.3 2.3 0 1 0 0 4.6A2.3 2.3 0 0 0 6 3zM1.8 13c.2-2.7 1.9-4 4.2-4s4 1.3 4.2 4M10.5 3.3a2.2 2.2 0 0 1 0 4M12 9.3c1.3.5 2.1 1.7 2.3 3.7",
  plans: "M5 2v12M11 2v12M5 4.5h6M5 8h6M5 11.5h6",
  providers: "M3 3h10v3.5H3zM3 9.5h10V13H3zM5.3 4.8h.01M5.3 11.3h.01M8 4.8h3M8 11.3h3",
  audit: "M3.5 2h6.5l2.5 2.5V14h-9zM5.5 6.5h5M5.5 9h5M5.5 11.5h3",
  tokens: "M5.5 7.5a3 3 0 1 0 2.1 5.1l.9-2.1L14 5V2.5h-2.5L6 8M5 11h.01",
  docs: "M8 4c-1.5-1-3.5-1.3-5.5-1.2v9.4C4.5 12 6.5 12.5 8 13.5c1.5-1 3.5-1.5 5.5-1.3V2.8C11.5 2.7 9.5 3 8 4zM8 4v9.5",
  alarm: "M8 2.5 14.5 13.5h-13zM8 6.5v3.3M8 11.7h.01",
  calm: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM5.3 8.3l1.9 1.9 3.5-4",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7",
  moon: "M13 9.8A5.5 5.5 0 0 1 6.2 3a5.5 5.5 0 1 0 6.8 6.8z",
  auto: "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
  leave: "M6.5 3H3v10h3.5M6.5 8H14M11 5l3 3-3 3",
  right: "M6 3l5 5-5 5",
  left: "M10 3 5 8l5 5",
  up: "M8 13V3M4 7l4-4 4 4",
  person: "M8 2.5a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4zM2.8 13.5c.4-3 2.3-4.3 5.2-4.3s4.8 1.3 5.2 4.3",
  download: "M8 2.5v8M4.5 7.5 8 11l3.5-3.5M3 13.5h10",
  speed: "M2 11a6 6 0 1 1 12 0M8 11l3-4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg class={`icon icon-${name}`} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The bell of the house. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path d="M8.5 21.5c1.8-1.6 2-4.4 2-7a5.5 5.5 0 0 1 11 0c0 2.6.2 5.4 2 7zM14 24.6a2.1 2.1 0 0 0 4 0M16 9V6.8" />
    </svg>
  );
}
