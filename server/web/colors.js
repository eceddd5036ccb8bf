// From a colour's name in the catalog to paint. Unknown names and things without a colour get one from their own text,
// always the same.

const named = {
  black: '#2b2f33', white: '#f4f2ec', silver: '#c3c8cc', grey: '#8f979c', gray: '#8f979c', graphite: '#4a5056',
  anthracite: '#3d4347', charcoal: '#464b50', blue: '#2f6fb7', navy: '#22375f', 'sky blue': '#8fc3e6', teal: '#1f7f7d',
  red: '#cf3b32', burgundy: '#7a2438', terracotta: '#c4633f', coral: '#f07d66', orange: '#ee8130', copper: '#b8693f',
  yellow: '#f2c230', mustard: '#cf9b2b', gold: '#cfa544', brass: '#bb9445', 'rose gold': '#d99a8d', green: '#3f8a54',
  olive: '#70753b', khaki: '#9a9368', sage: '#a3b596', mint: '#a4d8c1', brown: '#7a5238', tan: '#bd8f63', oak: '#d1ab78',
  walnut: '#6b4630', teak: '#a87445', beige: '#d9c8a9', cream: '#efe5cf', sand: '#dcc79f', kraft: '#c49c6c',
  pink: '#e896ac', rose: '#d98492', berry: '#9c2f57', plum: '#6a335b', peach: '#f3b391', nude: '#d9a98d',
  purple: '#7a549c', lilac: '#bfa6d6', clear: '#cfe0e4', multicolour: '#e0703c',
};
const packaging = ['#2e6e5e', '#c9502e', '#e0a52a', '#39618f', '#8c3b52', '#5a7d3a', '#b9743c', '#6a5a97', '#2b8a94', '#3d4a57'];

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const mixed = (hex, other, share) => {
  const to = channels(other);
  const parts = channels(hex).map((value, k) => Math.round(value + (to[k] - value) * share));
  return `#${parts.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
};

export function hash(text) {
  let h = 2166136261;
  for (const c of text) h = Math.imul(h ^ c.codePointAt(0), 16777619) >>> 0;
  return h;
}

export const knownColor = (name) => named[(name || '').toLowerCase()];

// {main, dark, light, on} for a colour's name, `on` being what can be read on main; `key` chooses where there is none.
export function paint(name, key) {
  const main = knownColor(name) || packaging[hash(key || '') % packaging.length];
  const [r, g, b] = channels(main);
  const bright = r * 0.299 + g * 0.587 + b * 0.114;
  return { main, dark: mixed(main, '#101820', bright > 200 ? 0.16 : 0.26), light: mixed(main, '#ffffff', bright < 70 ? 0.22 : 0.38),
    on: bright > 165 ? '#263238' : '#fbfaf6' };
}
