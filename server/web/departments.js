// The aisles: the first level of the category tree, numbered like the signs in a store, each with a tint and a picture.
import { drawKind } from './art.js';
import { hash } from './colors.js';

const looks = {
  'Electronics': ['#d5dff0', 'headphones', 'Blue'],
  'Computers & Office': ['#d9dcea', 'laptop', 'Silver'],
  'Kitchen & Dining': ['#f3dfc8', 'kettle', 'Red'],
  'Home & Furniture': ['#e6dccb', 'armchair', 'Mustard'],
  'Garden & DIY': ['#d3e4cb', 'wateringcan', 'Green'],
  'Clothing': ['#ecd8dc', 'sweater', 'Navy'],
  'Shoes & Accessories': ['#e9d9c9', 'sneaker', 'Red'],
  'Beauty & Health': ['#f1d9e1', 'perfume', 'Coral'],
  'Sports & Outdoors': ['#cfe5e2', 'bicycle', 'Orange'],
  'Toys & Baby': ['#f6e3b4', 'blocks', 'Blue'],
  'Grocery': ['#dfe8c4', 'coffeebag', 'Brown'],
  'Pet Supplies': ['#e4dcd2', 'bone', 'Orange'],
};
const tints = ['#d5dff0', '#f3dfc8', '#d3e4cb', '#ecd8dc', '#cfe5e2', '#f6e3b4', '#e6dccb', '#f1d9e1'];

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
