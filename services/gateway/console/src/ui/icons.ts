/** Line icons on a grid of 24, as paths. */
export const ICONS = {
  desk: 'M4 5h16M4 12h16M4 19h10',
  counter: 'M12 5v14M5 12h14',
  tasks: 'M4 6l2 2 3-4M4 13l2 2 3-4M4 20l2 2 3-4M13 6h7M13 13h7M13 20h7',
  board: 'M4 20V10M10 20V4M16 20v-7M22 20H2',
  record: 'M12 7v5l3 2M21 12a9 9 0 1 1-3-6.7M21 3v4h-4',
  operators: 'M16 20v-1a4 4 0 0 0-4-4H7a4 4 0 0 0-4 4v1M9.500 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7M21 20v-1a4 4 0 0 0-3-3.800M16 4.200a3.500 3.500 0 0 1 0 6.700',
  document: 'M14 3H6v18h12V7zM14 3v4h4M9 12h6M9 16h6',
  transfer: 'M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4',
  inquiry: 'M21 12a8 8 0 0 1-8 8H4l2-3a8 8 0 1 1 15-5M9 10h6M9 14h4',
  customer: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M5 20a7 7 0 0 1 14 0',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M21 21l-5-5',
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M6 9l6 6 6-6',
  up: 'M6 15l6-6 6 6',
  check: 'M5 13l4 4L19 7',
  flag: 'M5 21V4h12l-2 4 2 4H5',
  upload: 'M12 16V4M7 9l5-5 5 5M4 20h16',
  download: 'M12 4v12M7 11l5 5 5-5M4 20h16',
  key: 'M15 9a4 4 0 1 1-4-4 4 4 0 0 1 4 4M13.800 11.800L21 19M18 16l2-2',
  keyboard: 'M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M7 14h10',
  star: 'M12 4l2.500 5 5.500.800-4 3.900.900 5.500-4.900-2.600-4.900 2.600.900-5.500-4-3.900 5.500-.800z',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 7v5l3 2',
  bolt: 'M13 3L5 14h6l-1 7 8-11h-6z',
} as const;

export type IconName = keyof typeof ICONS;
