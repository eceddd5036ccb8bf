// The search box: suggestions and products under it while the results behind it follow every keystroke.
import { picture } from './art.js';
import { suggest } from './client.js';
import { departmentOf, tintOf } from './departments.js';
import { amount, count, lastLevel, prices } from './text.js';

const { autocomplete } = window['@algolia/autocomplete-js'];

const icons = {
  query: 'M10.500 4a6.500 6.500 0 1 1 0 13a6.500 6.500 0 0 1 0-13zM15.500 15.500L20 20',
  brand: 'M4 11V5a1 1 0 0 1 1-1h6l9 9-7 7zM8.500 8.500h.01',
  category: 'M4 6h16M4 12h10M4 18h6',
};
const kinds = { brand: 'Brand', category: 'Category' };

function suggestionSource(suggestions, choose) {
  return {
    sourceId: 'suggestions',
    getItems: () => suggestions,
    getItemInputValue: ({ item, state }) => (item.kind === 'query' ? item.query : state.query),
    onSelect: ({ item, setQuery }) => choose(item, setQuery),
    templates: {
      item: ({ item, html }) => html`<div class="suggestion">
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${icons[item.kind] || icons.query} /></svg>
        <span class="suggestion-text" dangerouslySetInnerHTML=${{ __html: item.kind === 'category' ? lastLevel(item.highlighted) : item.highlighted }}></span>
        ${kinds[item.kind] ? html`<span class="suggestion-kind">${kinds[item.kind]}</span>` : ''}
        <span class="check-count">${count(item.count)}</span>
      </div>`,
    },
  };
}

function productSource(hits, schema) {
  return {
    sourceId: 'products',
    getItems: () => hits,
    getItemInputValue: ({ state }) => state.query,
    onSelect: ({ item }) => {
      location.hash = `#/product/${encodeURIComponent(item.objectID)}`;
    },
    templates: {
      header: ({ html }) => html`<p class="panel-title">Products</p>`,
      item: ({ item, html }) => html`<div class="quick">
        <div class="quick-picture" style=${`--tint:${tintOf(departmentOf(item, schema.category))}`} dangerouslySetInnerHTML=${{ __html: picture(item) }}></div>
        <div class="quick-text"><span class="quick-brand">${item[schema.brand] || ''}</span><span class="quick-title">${item[schema.title]}</span></div>
        <strong class="quick-price">${amount(prices(item).pay, item.currency)}</strong>
      </div>`,
    },
  };
}

export function makeSearchBox({ schema, query, onQuery, onBrand, onCategory }) {
  const choose = (item, setQuery) => {
    if (item.kind === 'query') return onQuery(item.query);
    setQuery('');
    return item.kind === 'brand' ? onBrand(item.query) : onCategory(item.query);
  };
  return autocomplete({
    container: '#search',
    placeholder: 'Search products, brands, model numbers',
    openOnFocus: false,
    detachedMediaQuery: 'none',
    defaultActiveItemId: null,
    autoFocus: false,
    initialState: { query },
    translations: { clearButtonTitle: 'Clear', submitButtonTitle: 'Search' },
    onSubmit: ({ state }) => {
      onQuery(state.query);
      document.querySelector('#search input')?.blur();
    },
    onReset: () => onQuery(''),
    onStateChange: ({ prevState, state }) => {
      if (prevState.query !== state.query) onQuery(state.query);
    },
    getSources: async ({ query: text }) => {
      if (!text.trim()) return [];
      const { suggestions = [], hits = [] } = await suggest(text).catch(() => ({}));
      return [suggestionSource(suggestions, choose), productSource(hits, schema)];
    },
  });
}
