// The filters beside the products. Those that every shop has are fixed; a category brings its own, found from the
// attributes of the products in it.
import { knownColor } from './colors.js';
import { amount, attributeName, count, escape } from './text.js';

const { widgets, connectors } = window.instantsearch;

const titled = (title, widget) => widgets.panel({
  templates: { header: () => title },
  hidden: ({ items, canRefine, canToggleShowMore }) => items !== undefined && items.length === 0 && !canToggleShowMore && canRefine !== true,
})(widget);

const facetItem = (item, { html }) => html`<label class="check">
  <input type="checkbox" checked=${item.isRefined} value=${item.value} />
  <span class="check-box" aria-hidden="true"></span>
  <span class="check-label" dangerouslySetInnerHTML=${{ __html: item.highlighted || escape(item.label) }}></span>
  <span class="check-count">${count(item.count)}</span>
</label>`;

const list = (container, attribute, title, more = {}) => titled(title, widgets.refinementList)({
  container, attribute, limit: 6, showMore: true, showMoreLimit: 30, sortBy: ['isRefined', 'count:desc', 'name:asc'],
  templates: { item: facetItem, showMoreText: ({ isShowingMore }, { html }) => html`${isShowingMore ? 'Show fewer' : 'Show more'}` },
  ...more,
});

// A price slider with two handles. Prices are skewed, so the scale is logarithmic.
const priceRange = connectors.connectRange((options, isFirstRender) => {
  const { range, start, refine, widgetParams, instantSearchInstance } = options;
  const root = document.querySelector(widgetParams.container);
  const min = range.min ?? 0;
  const max = range.max ?? 0;
  const from = Number.isFinite(start[0]) ? Math.max(start[0], min) : min;
  const to = Number.isFinite(start[1]) ? Math.min(start[1], max) : max;
  if (isFirstRender) buildPriceRange(root);
  const state = root.priceState;
  Object.assign(state, { min, max, refine });
  if (instantSearchInstance.status === 'idle' && !state.dragging) state.show(from, to);
  root.hidden = !(max > min);
});

const STEPS = 1000;

function buildPriceRange(root) {
  root.innerHTML = `<div class="ais-Panel"><div class="ais-Panel-header"><span>Price</span></div><div class="price-range">
    <div class="price-track"><div class="price-fill"></div>
      <input type="range" min="0" max="${STEPS}" aria-label="Lowest price"><input type="range" min="0" max="${STEPS}" aria-label="Highest price"></div>
    <div class="price-ends"><output></output><output></output></div></div></div>`;
  const [low, high] = root.querySelectorAll('input');
  const [lowText, highText] = root.querySelectorAll('output');
  const fill = root.querySelector('.price-fill');
  const state = { min: 0, max: 0, refine: () => {}, dragging: false };
  root.priceState = state;
  const toPrice = (step) => {
    const value = (state.min + 1) * ((state.max + 1) / (state.min + 1)) ** (step / STEPS) - 1;
    return value < 20 ? Math.round(value * 2) / 2 : value < 200 ? Math.round(value) : Math.round(value / 10) * 10;
  };
  const toStep = (price) => Math.round(STEPS * Math.log((price + 1) / (state.min + 1)) / Math.log((state.max + 1) / (state.min + 1)));
  const draw = () => {
    const [a, b] = [Number(low.value), Number(high.value)];
    fill.style.left = `${a / STEPS * 100}%`;
    fill.style.right = `${100 - b / STEPS * 100}%`;
    lowText.textContent = amount(a === 0 ? Math.floor(state.min) : toPrice(a)).replace('.00', '');
    highText.textContent = amount(b === STEPS ? Math.ceil(state.max) : toPrice(b)).replace('.00', '');
    low.setAttribute('aria-valuetext', lowText.textContent);
    high.setAttribute('aria-valuetext', highText.textContent);
  };
  state.show = (from, to) => {
    low.value = from <= state.min ? 0 : toStep(from);
    high.value = to >= state.max ? STEPS : toStep(to);
    draw();
  };
  const moved = (event) => {
    state.dragging = true;
    if (Number(low.value) > Number(high.value)) {
      if (event.target === low) low.value = high.value;
      else high.value = low.value;
    }
    draw();
  };
  const done = () => {
    state.dragging = false;
    const [a, b] = [Number(low.value), Number(high.value)];
    state.refine([a === 0 ? undefined : toPrice(a), b === STEPS ? undefined : toPrice(b)]);
  };
  for (const input of [low, high]) {
    input.addEventListener('input', moved);
    input.addEventListener('change', done);
  }
}

const swatches = connectors.connectRefinementList(({ items, refine, widgetParams }, isFirstRender) => {
  const root = document.querySelector(widgetParams.container);
  if (isFirstRender) {
    root.innerHTML = '<div class="ais-Panel"><div class="ais-Panel-header"><span>Colour</span></div><ul class="swatches"></ul></div>';
    root.addEventListener('click', (event) => {
      const button = event.target.closest('button');
      if (button) root.refineColor(button.value);
    });
  }
  root.refineColor = refine;
  root.hidden = items.length === 0;
  const focused = document.activeElement && root.contains(document.activeElement) ? document.activeElement.value : null;
  root.querySelector('ul').innerHTML = items.map((item) => `<li><button type="button" class="swatch" value="${escape(item.value)}"
    aria-pressed="${item.isRefined}" title="${escape(item.label)} (${count(item.count)})">
    <span class="swatch-paint" style="background:${knownColor(item.label) || '#ddd'}"></span><span class="swatch-name">${escape(item.label)}</span></button></li>`).join('');
  if (focused) root.querySelector(`button[value="${CSS.escape(focused)}"]`)?.focus();
});

export function fixedFilters(schema) {
  const levels = [0, 1, 2].map((level) => `${schema.category}.lvl${level}`);
  return [
    titled('Category', widgets.hierarchicalMenu)({
      container: '#filter-category', attributes: levels, limit: 14, showMore: true, showMoreLimit: 40, sortBy: ['name:asc'],
      templates: {
        item: (item, { html }) => html`<a class=${`tree-link ${item.isRefined ? 'tree-on' : ''}`} href=${item.url}>
          <span>${item.label}</span><span class="check-count">${count(item.count)}</span></a>`,
        showMoreText: ({ isShowingMore }, { html }) => html`${isShowingMore ? 'Show fewer' : 'Show more'}`,
      },
    }),
    widgets.toggleRefinement({
      container: '#filter-stock', attribute: 'in_stock', on: true,
      templates: { labelText: (_, { html }) => html`<span class="switch" aria-hidden="true"></span>In stock only` },
    }),
    priceRange({ container: '#filter-price', attribute: schema.price }),
    list('#filter-brand', schema.brand, 'Brand', {
      searchable: true, searchablePlaceholder: 'Find a brand', searchableShowReset: false, searchableIsAlwaysActive: true,
    }),
    swatches({ container: '#filter-color', attribute: 'color', limit: 14, sortBy: ['count:desc', 'name:asc'] }),
    list('#filter-size', 'size', 'Size', { limit: 12, sortBy: ['count:desc', 'name:asc'], showMore: false, cssClasses: { list: 'sizes' } }),
    list('#filter-material', 'material', 'Material', { limit: 5 }),
    titled('Rating', widgets.numericMenu)({
      container: '#filter-rating', attribute: 'rating',
      items: [{ label: 'All' }, { label: '4.5 and up', start: 4.5 }, { label: '4 and up', start: 4 }, { label: '3 and up', start: 3 }],
      templates: {
        item: (item, { html }) => html`<label class="check"><input type="radio" name="rating" checked=${item.isRefined} />
          <span class="check-box check-round" aria-hidden="true"></span><span class="check-label">${item.label}</span></label>`,
      },
    }),
  ];
}

const MOST = 5; // filters of a category
const neverFilters = new Set(['objectID', 'id', 'link', 'image_link', 'gtin', 'mpn', 'sku', 'condition', 'currency', 'availability',
  'google_product_category', 'sale_price_effective_date', 'rating', 'rating_count', 'popularity', 'color', 'size', 'material', 'brand', 'title', 'description']);

// The attributes that many of these items have, with few and short values.
export function attributesOf(items, schema) {
  const seen = new Map();
  for (const item of items) {
    for (const [name, value] of Object.entries(item)) {
      if (name.startsWith('_') || neverFilters.has(name) || Object.values(schema).includes(name)) continue;
      if (typeof value !== 'string' || value.length > 32) continue;
      const entry = seen.get(name) || { name, items: 0, values: new Set() };
      entry.items++;
      entry.values.add(value);
      seen.set(name, entry);
    }
  }
  return [...seen.values()]
    .filter(({ items: n, values }) => n >= items.length * 0.35 && values.size > 1 && values.size <= Math.max(12, items.length * 0.6))
    .sort((a, b) => b.items - a.items || a.name.localeCompare(b.name)).slice(0, MOST).map(({ name }) => name);
}

// Adds and removes the filters that belong to a category.
export class CategoryFilters {
  constructor(search, schema) {
    Object.assign(this, { search, schema, shown: new Map(), category: null });
  }

  add(name) {
    const container = document.createElement('div');
    document.querySelector('#filter-dynamic').append(container);
    const widget = list(container, name, attributeName(name), { limit: 5 });
    this.shown.set(name, { widget, container });
    return widget;
  }

  // Called with every result; does something only when the category is another one.
  update(category, hits) {
    if (category === this.category || (category && !hits.length)) return;
    this.category = category;
    const wanted = category.includes(' > ') ? attributesOf(hits, this.schema) : [];
    const refined = this.search.helper.state.disjunctiveFacetsRefinements;
    const gone = [...this.shown.keys()].filter((name) => !wanted.includes(name) && !(refined[name] || []).length);
    const fresh = wanted.filter((name) => !this.shown.has(name));
    setTimeout(() => {
      if (gone.length) this.search.removeWidgets(gone.map((name) => this.shown.get(name).widget));
      for (const name of gone) {
        this.shown.get(name).container.remove();
        this.shown.delete(name);
      }
      if (fresh.length) this.search.addWidgets(fresh.map((name) => this.add(name)));
    });
  }
}
