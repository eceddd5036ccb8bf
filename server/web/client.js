// The way to the server: the same origin that served this page. The Algolia client sends the searches; plain requests
// do the rest.

export const index = 'products';

const nothingCached = {
  get: (key, fetchValue) => fetchValue(),
  set: (key, value) => Promise.resolve(value),
  delete: () => Promise.resolve(),
  clear: () => Promise.resolve(),
};

// Answers are not cached: stock and prices change under the page.
export function makeSearchClient() {
  const host = { url: location.host, accept: 'readWrite', protocol: location.protocol.replace(':', '') };
  return window['algoliasearch/lite'].liteClient('aisle', 'search', {
    hosts: [host],
    responsesCache: nothingCached,
    requestsCache: nothingCached,
  });
}

async function request(method, path, body) {
  const answer = await fetch(`/1/indexes/${path}`, {
    method,
    headers: body ? { 'content-type': 'application/json' } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  const json = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(json.message || answer.statusText), { status: answer.status });
  return json;
}

export const suggest = (query) => request('POST', `${index}/suggest`, { query, hitsPerPage: 8, products: 4 });

export const getObject = (id) => request('GET', `${index}/${encodeURIComponent(id)}`);

export const getObjects = async (ids, attributes) =>
  (await request('POST', '*/objects', {
    requests: ids.map((objectID) => ({ indexName: index, objectID, attributesToRetrieve: attributes })),
  })).results;

export const searchOnce = async (parameters) =>
  (await request('POST', '*/queries', { requests: [{ indexName: index, ...parameters }] })).results[0];

export const takeOne = (id, attribute) =>
  request('POST', `${index}/${encodeURIComponent(id)}/partial`, { [attribute]: { _operation: 'Decrement', value: 1 } });

// What the attributes of the index are called: the roles in its settings, and the names of a Google feed where it has
// none.
export async function loadSchema() {
  const settings = await request('GET', `${index}/settings`).catch(() => ({}));
  const roles = settings.roles || {};
  const schema = {
    title: roles.title || 'title',
    brand: roles.brand || 'brand',
    category: roles.category || 'product_type',
    description: roles.description || 'description',
    quantity: roles.quantity || 'quantity',
    group: settings.groupAttribute || 'item_group_id',
    price: 'price',
  };
  const probe = await searchOnce({ query: '', hitsPerPage: 0, facets: ['effective_price', 'price'] }).catch(() => ({}));
  if (probe.facets_stats && probe.facets_stats.effective_price) schema.price = 'effective_price';
  return schema;
}
