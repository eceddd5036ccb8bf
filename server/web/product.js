// One product: its picture, all that is known about it, its variants. The address's '#/product/ID' opens it.
import { picture } from './art.js';
import { getObject, searchOnce, takeOne } from './client.js';
import { taken } from './deeds.js';
import { knownColor } from './colors.js';
import { departmentOf, tintOf } from './departments.js';
import { learn, liveItem, stockOf } from './live.js';
import { attributeName, escape, prices } from './text.js';

const told = new Set(['objectID', 'id', 'title', 'description', 'image_link', 'link', 'price', 'sale_price', 'effective_price', 'currency',
  'availability', 'quantity', 'in_stock', 'brand', 'rating', 'rating_count', 'popularity', 'color', 'size', 'item_group_id',
  'google_product_category', 'sale_price_effective_date', 'stock']);
const lastRows = ['condition', 'gtin', 'mpn'];
const axes = ['color', 'size'];

const idInAddress = () => {
  const match = /^#\/product\/(.+)$/.exec(location.hash);
  return match ? decodeURIComponent(match[1]) : '';
};

const sizeOrder = ['XS', 'S', 'M', 'L', 'XL', 'XXL'];
const bySize = (a, b) => {
  const [x, y] = [sizeOrder.indexOf(a), sizeOrder.indexOf(b)];
  return x >= 0 && y >= 0 ? x - y : a.localeCompare(b, 'en', { numeric: true });
};

function variantPicker(item, variants, axis) {
  const values = [...new Set(variants.map((variant) => variant[axis]).filter(Boolean))];
  if (values.length < 2) return '';
  if (axis === 'size') values.sort(bySize);
  const other = axes.find((name) => name !== axis);
  const buttons = values.map((value) => {
    const matching = variants.filter((variant) => variant[axis] === value);
    const target = matching.find((variant) => variant[other] === item[other]) || matching[0];
    const out = stockOf(target).state === 'out';
    const paintSpot = axis === 'color' ? `<span class="swatch-paint" style="background:${knownColor(value) || '#ddd'}"></span>` : '';
    return `<button type="button" class="option${out ? ' option-out' : ''}" data-go="${escape(target.objectID)}" aria-pressed="${value === item[axis]}">${paintSpot}${escape(value)}${out ? '<span class="hidden">, sold out</span>' : ''}</button>`;
  });
  return `<fieldset class="options"><legend>${attributeName(axis)}</legend>${buttons.join('')}</fieldset>`;
}

const text = (value) => (Array.isArray(value) ? value.map(text).join(', ') : typeof value === 'object' && value ? '' : String(value));

function attributeTable(item, schema, variants) {
  const chosen = (axis) => new Set(variants.map((variant) => variant[axis])).size > 1;
  const rows = Object.entries(item)
    .filter(([name, value]) => !name.startsWith('_') && !told.has(name) && !lastRows.includes(name) && name !== schema.category && text(value) !== '')
    .map(([name, value]) => [attributeName(name), text(value)]);
  rows.unshift(...axes.filter((axis) => item[axis] && !chosen(axis)).map((axis) => [attributeName(axis), text(item[axis])]));
  for (const name of lastRows) {
    if (item[name]) rows.push([name === 'condition' ? 'Condition' : name.toUpperCase(), text(item[name])]);
  }
  rows.push(['Article', item.objectID]);
  return `<table class="facts"><caption>Details</caption><tbody>${rows.map(([name, value]) =>
    `<tr><th scope="row">${escape(name)}</th><td>${escape(value)}</td></tr>`).join('')}</tbody></table>`;
}

function crumbs(item, schema) {
  const value = [].concat(item[schema.category] || [])[0];
  if (typeof value !== 'string') return '';
  const parts = value.split(' > ');
  return `<nav class="crumbs" aria-label="Category">${parts.map((part, k) =>
    `<a href="/?in=${encodeURIComponent(parts.slice(0, k + 1).join('~')).replaceAll('%20', '+')}">${escape(part)}</a>`).join('<span aria-hidden="true">›</span>')}</nav>`;
}

function view(item, variants, schema) {
  const rating = Number(item.rating);
  const rated = rating ? `<p class="rating" aria-label="Rated ${rating.toFixed(1)} of 5"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M10 1.600l2.500 5.200 5.700.800-4.100 4 .950 5.700L10 14.600l-5.050 2.700.950-5.700-4.100-4 5.700-.800z"/></svg><strong>${rating.toFixed(1)}</strong><span class="rating-count">${item.rating_count ? `${item.rating_count} ratings` : ''}</span></p>` : '';
  const live = escape(liveItem(item));
  return `<button type="button" class="icon-button product-close" aria-label="Close"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6l12 12M18 6L6 18"/></svg></button>
    <div class="product-picture" style="--tint:${tintOf(departmentOf(item, schema.category))}">${picture(item)}</div>
    <div class="product-text">
      ${crumbs(item, schema)}
      <p class="card-brand">${escape(item[schema.brand] || '')}</p>
      <h2 id="product-title">${escape(item[schema.title] || item.objectID)}</h2>
      ${rated}
      <div class="product-buy"><div class="product-label"><price-tag item="${live}"></price-tag><stock-level item="${live}"></stock-level></div>
        <button type="button" class="button button-buy" id="take">Take one</button></div>
      <p class="product-note" id="take-note" role="status"></p>
      ${axes.map((axis) => variantPicker(item, variants, axis)).join('')}
      <p class="product-description">${escape(item[schema.description] || '')}</p>
      ${attributeTable(item, schema, variants)}
    </div>`;
}

export function makeProductView(schema) {
  const dialog = document.querySelector('#product');
  let shown = null;
  let variants = [];

  const draw = () => {
    const scroll = dialog.scrollTop;
    dialog.innerHTML = view(shown, variants, schema);
    dialog.scrollTop = scroll;
  };
  const failed = (message) => {
    dialog.innerHTML = `<button type="button" class="icon-button product-close" aria-label="Close"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6l12 12M18 6L6 18"/></svg></button><div class="product-text"><h2 id="product-title">Not on the shelf</h2><p>${escape(message)}</p></div>`;
  };
  const open = async (id) => {
    if (!dialog.open) dialog.showModal();
    try {
      const item = await getObject(id);
      if (idInAddress() !== id) return;
      const group = item[schema.group];
      if (!group) variants = [];
      else if (!shown || shown[schema.group] !== group) {
        variants = (await searchOnce({ query: '', facetFilters: [`${schema.group}:${group}`], distinct: false, hitsPerPage: 50, attributesToHighlight: [] })).hits;
      }
      shown = item;
      learn(item);
      draw();
    } catch (error) {
      failed(error.status === 404 ? `There is no product ${id}.` : error.message);
    }
  };
  const follow = () => {
    const id = idInAddress();
    if (id) open(id);
    else if (dialog.open) dialog.close();
  };
  const leave = () => {
    if (idInAddress()) history.replaceState(history.state, '', location.pathname + location.search);
    shown = null;
  };
  const take = async (button) => {
    const note = dialog.querySelector('#take-note');
    button.disabled = true;
    try {
      await takeOne(shown.objectID, schema.quantity);
      taken(shown, prices(shown).pay);
      learn(await getObject(shown.objectID));
      note.textContent = 'Taken off the shelf: the count above is the server’s.';
    } catch (error) {
      note.textContent = `That did not work: ${error.message}`;
    }
    button.disabled = false;
  };

  dialog.addEventListener('close', leave);
  dialog.addEventListener('click', (event) => {
    const go = event.target.closest('[data-go]');
    if (event.target === dialog || event.target.closest('.product-close')) dialog.close();
    else if (go) location.replace(`#/product/${encodeURIComponent(go.dataset.go)}`);
    else if (event.target.id === 'take') take(event.target);
  });
  window.addEventListener('hashchange', follow);
  follow();
}
