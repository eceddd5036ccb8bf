// The storefront: InstantSearch with the widgets of a shop, and what is around them.
import { index, loadSchema, makeSearchClient, searchOnce } from './client.js';
import { card } from './card.js';
import { analytics, watchClicks } from './deeds.js';
import { numbered, pictureOf, tintOf } from './departments.js';
import { CategoryFilters, fixedFilters } from './facets.js';
import { forget, startPolling } from './live.js';
import { makeProductView } from './product.js';
import { attributesInAddress, routing } from './routes.js';
import { makeSearchBox } from './suggest.js';
import { attributeName, count, escape, lastLevel, plural } from './text.js';

const { widgets, connectors } = window.instantsearch;
const element = (id) => document.getElementById(id);
const schema = await loadSchema();
const category = `${schema.category}.lvl0`;
const search = window.instantsearch({ indexName: index, searchClient: makeSearchClient(), routing: routing(schema), future: { preserveSharedStateOnUnmount: true } });
const categoryFilters = new CategoryFilters(search, schema);
let departments = [];

const stateNow = () => search.getUiState()[index] || {};
const setState = (change) => search.setUiState((all) => ({ ...all, [index]: { ...change(all[index] || {}), page: undefined } }));
const pathNow = () => stateNow().hierarchicalMenu?.[category] || [];

function setQuery(query) {
  const helper = search.mainIndex.getHelper();
  if (helper && helper.state.query !== query) helper.setQueryParameter('analytics', false).setQuery(query).search();
}

// What is filtered by, apart from the query.
function isFiltered(state) {
  const lists = Object.values(state.refinementList || {}).some((values) => values.length);
  return lists || Boolean(state.hierarchicalMenu?.[category]?.length || state.range?.[schema.price] || state.numericMenu?.rating || state.toggle?.in_stock);
}

function drawAisles() {
  const [here] = pathNow();
  const links = departments.map(({ name, number }) =>
    `<li><a href="/?in=${encodeURIComponent(name)}" data-department="${escape(name)}"${name === here ? ' aria-current="true"' : ''}><span class="aisle-number">${number}</span>${escape(name)}</a></li>`);
  const html = `<ul><li><a href="/" data-department=""${here ? '' : ' aria-current="true"'}>All aisles</a></li>${links.join('')}</ul>`;
  const nav = element('aisles');
  if (nav.shown === html) return;
  const scrolled = nav.firstElementChild?.scrollLeft || 0;
  nav.innerHTML = html;
  nav.shown = html;
  nav.firstElementChild.scrollLeft = scrolled;
  const sign = nav.querySelector('[aria-current]')?.parentElement; // none while the departments are not known
  const list = nav.firstElementChild;
  if (!sign) return;
  if (sign.offsetLeft < list.scrollLeft + 30 || sign.offsetLeft + sign.offsetWidth > list.scrollLeft + list.clientWidth - 60) {
    list.scrollLeft = sign.offsetLeft - 60;
  }
}

function drawDirectory(total) {
  const tiles = departments.map(({ name, number, items }) => `<li><a class="tile" href="/?in=${encodeURIComponent(name)}" data-department="${escape(name)}" style="--tint:${tintOf(name)}">
    <span class="tile-picture">${pictureOf(name)}</span><span class="aisle-number">${number}</span><span class="tile-name">${escape(name)}</span><span class="tile-count">${count(items)}</span></a></li>`);
  element('directory').innerHTML = `<div class="directory-head"><h1>Find it.<br>Aisle by aisle.</h1><p>${count(total)} products in ${departments.length} aisles. Type a few letters, or walk in.</p></div><ul class="tiles">${tiles.join('')}</ul>`;
}

function walkTo(event) {
  const link = event.target.closest('[data-department]');
  if (!link || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  const name = link.dataset.department;
  box.setQuery('');
  setState(() => ({ query: '', hierarchicalMenu: name ? { [category]: [name] } : {} }));
  window.scrollTo({ top: 0 });
}

// The departments come from the whole catalog, once: signs do not move while one shops.
const aisleSigns = {
  $$type: 'aisle.signs',
  async init() {
    const answer = await searchOnce({ query: '', hitsPerPage: 0, facets: [category], distinct: true, maxValuesPerFacet: 100 }).catch(() => ({ nbHits: 0 }));
    const facet = answer.facets?.[category] || {};
    departments = numbered(Object.keys(facet)).map((department) => ({ ...department, items: facet[department.name] }));
    drawDirectory(answer.nbHits);
    drawAisles();
    this.known = true;
    showShop();
  },
  render() {
    drawAisles();
  },
  dispose() {},
};

// Nothing is shown before all of it is known: what is there stays where it is.
function showShop() {
  if (aisleSigns.known && pageParts.known) document.body.classList.add('ready');
}

function headingOf(state, path) {
  if (state.query) return `“${state.query}”${path.length ? ` in ${lastLevel(path[path.length - 1])}` : ''}`;
  return path.length ? lastLevel(path[path.length - 1]) : isFiltered(state) ? 'Products' : 'Popular right now';
}

// What the server changed about the query to find more.
function noticeOf(results) {
  const answer = results._rawResults?.[0]?.aisle || results.aisle || {};
  const corrected = answer.corrected || [];
  const dropped = (answer.dropped || []).filter((word) => !corrected.some(({ typed }) => typed === word));
  if (results.nbHits === 0) return '';
  const lines = [];
  if (corrected.length) {
    lines.push(`Read ${corrected.map(({ typed, taken }) => `<s>${escape(typed)}</s> as <strong>${escape(taken)}</strong>`).join(', ')}.`);
  }
  if (dropped.length) {
    lines.push(`Hardly any product has all of these words: here are those without ${dropped.map((word) => `<s>${escape(word)}</s>`).join(' ')}, too.`);
  }
  return lines.length ? `<p class="notice">${lines.join(' ')}</p>` : '';
}

const pageParts = {
  $$type: 'aisle.parts',
  init() {},
  render({ results }) {
    if (!results) return;
    const state = stateNow();
    const path = pathNow();
    this.known = true;
    forget(results.hits.map((hit) => hit.objectID));
    const entrance = !state.query && !isFiltered(state) && !(state.page > 1) && (!state.sortBy || state.sortBy === index);
    element('directory').hidden = !entrance;
    document.body.classList.toggle('at-entrance', entrance);
    element('heading').textContent = headingOf(state, path);
    element('stats').textContent = `${plural(results.nbHits, 'product', 'products')} · ${results.processingTimeMS} ms`;
    const notice = noticeOf(results);
    if (element('notice').innerHTML !== notice) element('notice').innerHTML = notice;
    element('filters-show').textContent = `Show ${plural(results.nbHits, 'product', 'products')}`;
    categoryFilters.update(path.join(' > '), results.hits);
    const badge = element('filters-count');
    const number = Object.values(state.refinementList || {}).flat().length + (state.range?.[schema.price] ? 1 : 0) + (state.toggle?.in_stock ? 1 : 0) + (state.numericMenu?.rating ? 1 : 0);
    badge.textContent = String(number);
    badge.hidden = number === 0;
    showShop();
  },
  dispose() {},
};

const chips = connectors.connectCurrentRefinements(({ items, widgetParams }, isFirstRender) => {
  const root = document.querySelector(widgetParams.container);
  if (isFirstRender) root.addEventListener('click', (event) => event.target.closest('button')?.drop());
  root.replaceChildren(...items.flatMap((item) => item.refinements.map((refinement) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'chip';
    const name = item.attribute === 'in_stock' ? 'In stock' : item.attribute === schema.price ? `Price ${refinement.label.replace(' ', ' $')}`
      : item.attribute.startsWith(schema.category) ? lastLevel(refinement.label) : `${attributeName(item.attribute)}: ${refinement.label}`;
    button.innerHTML = `${escape(name)}<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M7 7l10 10M17 7L7 17"/></svg><span class="hidden">remove</span>`;
    button.drop = () => item.refine(refinement);
    return button;
  })));
});

const emptyShelf = (results, { html }) => html`<div class="empty">
  <div class="empty-shelf" aria-hidden="true"><span></span><span></span></div>
  <h2>This shelf is empty</h2>
  <p>${results.query ? html`Nothing matches <q>${results.query}</q>${results.hasRefinements ? ' with these filters' : ''}.` : 'Nothing matches these filters.'}</p>
  <p class="empty-tips">Check the spelling, use fewer words, or take off a filter.</p>
</div>`;

search.addWidgets([
  connectors.connectSearchBox(() => {})({}),
  widgets.configure({ hitsPerPage: 24, distinct: true, attributesToHighlight: [schema.title, schema.brand], attributesToSnippet: [], clickAnalytics: true, analytics: false }),
  analytics,
  aisleSigns,
  ...fixedFilters(schema),
  ...attributesInAddress().map((name) => categoryFilters.add(name)),
  widgets.sortBy({
    container: '#sort',
    items: [{ label: 'Best match', value: index }, { label: 'Most popular', value: `${index}_popular` },
      { label: 'Price: low to high', value: `${index}_price_asc` }, { label: 'Price: high to low', value: `${index}_price_desc` }],
  }),
  chips({ container: '#chips', excludedAttributes: ['query'] }),
  widgets.clearRefinements({ container: '#clear', templates: { resetLabel: (_, { html }) => html`Clear all` } }),
  widgets.hits({ container: '#hits', templates: { item: card(schema), empty: emptyShelf } }),
  widgets.pagination({ container: '#pages', padding: 2, showFirst: false, showLast: false, scrollTo: '#results',
    templates: { previous: (_, { html }) => html`<span aria-hidden="true">←</span><span class="hidden">Previous page</span>`, next: (_, { html }) => html`<span aria-hidden="true">→</span><span class="hidden">Next page</span>` } }),
  pageParts,
]);

const box = makeSearchBox({
  schema,
  query: new URLSearchParams(location.search).get('q') || '',
  onQuery: setQuery,
  onBrand: (brand) => setState(() => ({ query: '', refinementList: { [schema.brand]: [brand] } })),
  onCategory: (path) => setState(() => ({ query: '', hierarchicalMenu: { [category]: path.split(' > ') } })),
});

// Going back changes the query behind the box.
search.on('render', () => {
  const input = document.querySelector('#search input');
  const query = stateNow().query || '';
  if (input && input !== document.activeElement && input.value !== query) box.setQuery(query);
});

function sheet(open) {
  document.body.classList.toggle('sheet-open', open);
  element('filters-open').setAttribute('aria-expanded', String(open));
  if (open) element('filters-close').focus();
  else if (matchMedia('(max-width: 900px)').matches) element('filters-open').focus();
}

element('aisles').addEventListener('click', walkTo);
element('directory').addEventListener('click', walkTo);
element('filters-open').addEventListener('click', () => sheet(true));
element('filters-close').addEventListener('click', () => sheet(false));
element('filters-show').addEventListener('click', () => sheet(false));
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && document.body.classList.contains('sheet-open')) sheet(false);
  if (event.key === '/' && !/^(input|textarea|select)$/i.test(document.activeElement.tagName)) {
    event.preventDefault();
    document.querySelector('#search input').focus();
  }
});

search.start();
watchClicks(element('hits'));
makeProductView(schema);
startPolling(() => search.refresh(), (alive) => {
  element('live').classList.toggle('live-lost', !alive);
  element('live').querySelector('.live-text').textContent = alive ? 'Live stock' : 'Reconnecting';
});
