// Addresses that people can read and keep: /?q=kettle&in=Kitchen...&brand=A~B&price=20:80&page=2. Attributes of a
// category are written with "f." before the name. The part behind '#' belongs to the product view.
import { index } from './client.js';

const LIST = '~';
const fixed = { brand: 'brand', color: 'color', size: 'size', material: 'material' };

const join = (values) => values.map((value) => value.replaceAll(LIST, '%7E')).join(LIST);
const split = (text) => text.split(LIST).filter(Boolean).map((value) => value.replaceAll('%7E', LIST));

export function routing(schema) {
  const category = `${schema.category}.lvl0`;
  const nameOf = (attribute) => (attribute === schema.brand ? 'brand' : fixed[attribute] || `f.${attribute}`);
  const attributeOf = (name) => (name === 'brand' ? schema.brand : name.startsWith('f.') ? name.slice(2) : fixed[name]);
  return {
    router: window.instantsearch.routers.history({
      cleanUrlOnDispose: false,
      writeDelay: 300,
      windowTitle: ({ q, in: path }) => {
        const where = path ? path.split(LIST).pop() : '';
        return [q ? `“${q}”` : '', where, 'Aisle'].filter(Boolean).join(' · ');
      },
      createURL: ({ routeState, location }) => {
        const parameters = new URLSearchParams(routeState);
        const text = parameters.toString().replaceAll('%3A', ':').replaceAll('%7E', '~');
        return `${location.origin}${location.pathname}${text ? `?${text}` : ''}${location.hash}`;
      },
      parseURL: ({ location }) => Object.fromEntries(new URLSearchParams(location.search)),
    }),
    stateMapping: {
      stateToRoute(uiState) {
        const state = uiState[index] || {};
        const route = {};
        if (state.query) route.q = state.query;
        if (state.hierarchicalMenu?.[category]?.length) route.in = join(state.hierarchicalMenu[category]);
        for (const [attribute, values] of Object.entries(state.refinementList || {})) {
          if (values.length) route[nameOf(attribute)] = join(values);
        }
        if (state.range?.[schema.price]) route.price = state.range[schema.price];
        if (state.numericMenu?.rating) route.rating = state.numericMenu.rating;
        if (state.toggle?.in_stock) route.stock = '1';
        if (state.sortBy && state.sortBy !== index) route.sort = state.sortBy.replace(`${index}_`, '');
        if (state.page > 1) route.page = String(state.page);
        return route;
      },
      routeToState(route) {
        const state = { query: route.q || '' };
        if (route.in) state.hierarchicalMenu = { [category]: split(route.in) };
        for (const [name, text] of Object.entries(route)) {
          const attribute = attributeOf(name);
          if (attribute) state.refinementList = { ...state.refinementList, [attribute]: split(text) };
        }
        if (route.price) state.range = { [schema.price]: route.price };
        if (route.rating) state.numericMenu = { rating: route.rating };
        if (route.stock) state.toggle = { in_stock: true };
        if (route.sort) state.sortBy = `${index}_${route.sort}`;
        if (Number(route.page) > 1) state.page = Number(route.page);
        return { [index]: state };
      },
    },
  };
}

// The attributes of a category that the present address filters by: their filters must exist from the start.
export const attributesInAddress = () =>
  [...new URLSearchParams(location.search).keys()].filter((name) => name.startsWith('f.')).map((name) => name.slice(2));
