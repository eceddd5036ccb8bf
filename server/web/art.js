// Pictures of products, drawn from what a thing is and its colour: no image files. The kind stands in the item's
// image_link (".../headphones-black.svg"); where it doesn't, the last level of the category decides.
import { fashion } from './art-fashion.js';
import { leisure } from './art-leisure.js';
import { living } from './art-living.js';
import { technology } from './art-technology.js';
import { paint } from './colors.js';

const drawings = { ...technology, ...living, ...fashion, ...leisure };

const generic = () =>
  '<path class="pc" d="M100 40L164 70V138L100 168L36 138V70Z"/><path class="pl" d="M100 40L164 70L100 100L36 70Z"/>' +
  '<path class="pd" d="M100 100L164 70V138L100 168Z"/><path class="pw" d="M62 58L126 88V108L112 102V94L50 64Z"/>';

export function kindOf(item) {
  const match = /\/([a-z0-9]+)(?:-[^/]*)?\.svg$/.exec(item.image_link || '');
  return match && drawings[match[1]] ? match[1] : '';
}

// An <svg> element as text. `item` needs image_link and may have color and brand.
export function picture(item, extra = '') {
  const kind = kindOf(item);
  const colors = paint(item.color, item.brand || item.objectID);
  const body = (drawings[kind] || generic)({ brand: item.brand || '' });
  return `<svg class="art" viewBox="0 0 200 200" aria-hidden="true" focusable="false" style="--c:${colors.main};--d:${colors.dark};--l:${colors.light};--on:${colors.on}"${extra}>` +
    `<ellipse class="art-shadow" cx="100" cy="171" rx="72" ry="7"/>${body}</svg>`;
}

export const kinds = Object.keys(drawings);
export const drawKind = (kind, color, brand = '') => picture({ image_link: `/${kind}.svg`, color, brand });
