// Stock and prices that stay true while the page is open: two small elements, and one request every two seconds that
// asks for what is on screen.
import { getObjects } from './client.js';
import { amount, count, escape, prices } from './text.js';

const EVERY_MS = 2000;
const known = new Map(); // objectID -> the newest values
const watched = new Set();

export function stockOf(item) {
  const quantity = item.quantity === undefined || item.quantity === null ? null : Number(item.quantity);
  const word = String(item.availability || '').replace(/[ _]/g, '').toLowerCase();
  if (word === 'preorder') return { state: 'later', text: 'Pre-order' };
  if (word === 'backorder') return { state: 'later', text: 'Back soon' };
  if (item.in_stock === false || quantity === 0 || (quantity !== null && quantity < 0)) return { state: 'out', text: 'Sold out' };
  if (quantity !== null && quantity <= 5) return { state: 'low', text: `Only ${quantity} left` };
  return { state: 'in', text: quantity === null ? 'In stock' : `${count(quantity)} in stock` };
}

class LiveElement extends HTMLElement {
  static observedAttributes = ['item'];

  connectedCallback() {
    watched.add(this);
    this.show();
  }

  disconnectedCallback() {
    watched.delete(this);
  }

  attributeChangedCallback() {
    if (this.isConnected) this.show();
  }

  get values() {
    const given = JSON.parse(this.getAttribute('item') || '{}');
    return { ...given, ...known.get(given.objectID) };
  }

  // Draws the element; a change of what was shown before is marked for a moment.
  show() {
    const values = this.values;
    const html = this.draw(values);
    if (html === this.shown) return;
    const changed = this.shown !== undefined && this.shownId === values.objectID;
    this.shown = html;
    this.shownId = values.objectID;
    this.innerHTML = html;
    if (changed) {
      this.classList.remove('changed');
      void this.offsetWidth; // starts the animation again
      this.classList.add('changed');
    }
  }
}

class StockLevel extends LiveElement {
  draw(values) {
    const stock = stockOf(values);
    this.dataset.state = stock.state;
    return `<span class="stock-dot"></span>${escape(stock.text)}`;
  }
}

class PriceTag extends LiveElement {
  draw(values) {
    const { pay, regular } = prices(values);
    if (Number.isNaN(pay)) return '';
    const text = amount(pay, values.currency);
    const split = /^(\D*)([\d,]+)\.(\d\d)(.*)$/.exec(text);
    this.toggleAttribute('sale', regular > 0);
    const now = split
      ? `<span class="price" aria-label="${escape(text)}"><span class="price-sign" aria-hidden="true">${escape(split[1])}</span><span aria-hidden="true">${split[2]}</span><span class="price-cents" aria-hidden="true">${split[3]}</span>${escape(split[4])}</span>`
      : `<span class="price">${escape(text)}</span>`;
    return regular ? `${now}<s class="price-was"><span class="hidden">instead of </span>${escape(amount(regular, values.currency))}</s>` : now;
  }
}

customElements.define('stock-level', StockLevel);
customElements.define('price-tag', PriceTag);

const liveAttributes = ['quantity', 'in_stock', 'availability', 'price', 'effective_price', 'sale_price', 'currency'];

// The part of an item that these elements need, as an attribute's text.
export const liveItem = (item) => JSON.stringify(Object.fromEntries(
  ['objectID', ...liveAttributes].filter((name) => item[name] !== undefined).map((name) => [name, item[name]])));

function available(values) {
  return stockOf(values).state !== 'out';
}

// Newer values for an object; true when it came into stock or went out of it.
export function learn(values) {
  const before = known.get(values.objectID);
  known.set(values.objectID, values);
  for (const element of watched) {
    if (element.values.objectID === values.objectID) element.show();
  }
  return before !== undefined && available(before) !== available(values);
}

async function poll(onAvailability, onState) {
  const ids = [...new Set([...watched].map((element) => element.values.objectID).filter(Boolean))];
  if (!ids.length || document.hidden) return;
  const results = await getObjects(ids, liveAttributes);
  let moved = false;
  for (const values of results) {
    if (values) moved = learn(values) || moved;
  }
  onState(true);
  if (moved) onAvailability();
}

export function startPolling(onAvailability, onState) {
  const tick = async () => {
    try {
      await poll(onAvailability, onState);
    } catch {
      onState(false);
    }
    setTimeout(tick, EVERY_MS);
  };
  setTimeout(tick, EVERY_MS);
}

// A search brought fresher values than those polled before: forget the latter.
export function forget(ids) {
  for (const id of ids) known.delete(id);
}
