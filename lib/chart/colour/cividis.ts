/** Cividis (Nuñez, Anderton, Renslow 2018, PLoS ONE 13:e0199239): rises evenly in lightness, also for colour-blind eyes. */
export const CIVIDIS = [
  '#00224e',
  '#123570',
  '#3b496c',
  '#575d6d',
  '#707173',
  '#8a8678',
  '#a59c74',
  '#c3b369',
  '#e1cc55',
  '#fee838',
];
