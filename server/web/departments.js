// The aisles: the first level of the category tree, numbered like the signs in a store, each with a tint and a picture.
import { drawKind } from './art.js';
import { hash } from './colors.js';

const looks = {
  'Electronics': ['#d5dff0', 'headphones', 'Blue'],
  'Computers & Office': ['#dcd8ec', 'laptop', 'Silver'],
  'Kitchen & Dining': ['#f3d3b8', 'kettle', 'Red'],
  'Home & Furniture': ['#d5dfe2', 'armchair', 'Mustard'],
  'Garden & DIY': ['#d2e5c8', 'wateringcan', 'Green'],
  'Clothing': ['#f0d6dd', 'sweater', 'Navy'],
  'Shoes & Accessories': ['#ecdcc3', 'sneaker', 'Red'],
  'Beauty & Health': ['#f3d5cf', 'perfume', 'Coral'],
  'Sports & Outdoors': ['#c9e6df', 'bicycle', 'Orange'],
  'Toys & Baby': ['#f8e2a4', 'blocks', 'Blue'],
  'Grocery': ['#e3e9bd', 'coffeebag', 'Brown'],
  'Pet Supplies': ['#e3d7cc', 'bone', 'Orange'],
};
const tints = ['#d5dff0', '#f3d3b8', '#d2e5c8', '#f0d6dd', '#c9e6df', '#f8e2a4', '#d5dfe2', '#f3d5cf'];

export const tintOf = (department) => (looks[department] || [tints[hash(department || '') % tints.length]])[0];

export function pictureOf(department) {
  const [, kind, color] = looks[department] || ['', '', ''];
  return drawKind(kind || 'parcel', color || '', department);
}

const order = Object.keys(looks);

// The store's own departments in their order, others behind them by name: a fixed number for each.
export function numbered(names) {
  const place = (name) => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...names].sort((a, b) => place(a) - place(b) || a.localeCompare(b)).map((name, k) => ({ name, number: k + 1 }));
}

export function departmentOf(item, attribute) {
  const value = item[attribute];
  const path = Array.isArray(value) ? value[0] : value && value.lvl0 ? [].concat(value.lvl0)[0] : value;
  return path ? String(path).split(' > ')[0] : '';
}
