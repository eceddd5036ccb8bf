// The few shapes that pictures are made of. The first argument is a paint: c the product's colour, d darker, l lighter,
// i ink, w white, m metal, n dark metal, g glass, y gold, o wood, e leaf green.

export const rect = (paint, x, y, width, height, radius = 0) =>
  `<rect class="p${paint}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}"/>`;
export const circle = (paint, x, y, radius) => `<circle class="p${paint}" cx="${x}" cy="${y}" r="${radius}"/>`;
export const oval = (paint, x, y, rx, ry) => `<ellipse class="p${paint}" cx="${x}" cy="${y}" rx="${rx}" ry="${ry}"/>`;
export const path = (paint, d) => `<path class="p${paint}" d="${d}"/>`;
export const line = (paint, d, width = 5) => `<path class="s${paint}" d="${d}" stroke-width="${width}"/>`;
export const ring = (paint, x, y, radius, width) =>
  `<circle class="s${paint}" cx="${x}" cy="${y}" r="${radius}" stroke-width="${width}"/>`;

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

// The maker's name as it is printed on a package, only its first word where there is no room, never wider than `width`.
export function label(paint, text, x, y, size, width) {
  const [first] = (text || '').split(' ');
  if (!first) return '';
  if (text.length * size * 0.56 > width) text = first;
  const natural = text.length * size * 0.6;
  const fit = natural > width ? ` textLength="${width}" lengthAdjust="spacingAndGlyphs"` : '';
  return `<text class="p${paint} art-label" x="${x}" y="${y}" font-size="${size}" text-anchor="middle"${fit}>${escape(text)}</text>`;
}
