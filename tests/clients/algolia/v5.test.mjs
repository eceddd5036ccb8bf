// The official algoliasearch client, version 5, unmodified but for the host.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { algoliasearch } from 'algoliasearch5';

const { hostname, port } = new URL(process.env.AISLE_URL || 'http://127.0.0.1:7700');
const host = { url: hostname, port: Number(port), accept: 'readWrite', protocol: 'http' };
const client = algoliasearch('AISLE', 'any-key', { hosts: [host] });
const indexName = `v5_${process.pid}`;
const other = `${indexName}_other`;

const shoes = [
  { objectID: 'a', name: 'Alpine trail shoe', brand: 'Fjord & Co', price: 120, tags: ['trail'], stock: 5 },
  { objectID: 'b', name: 'City sneaker', brand: "O'Neal", price: 80.5, tags: ['city'], stock: 0 },
  { objectID: 'c', name: 'Mountain boot', brand: 'Ibex, Ltd', price: 199, tags: ['trail', 'winter'], stock: 2 },
  { objectID: 'd', name: 'Desert sandal', brand: 'Hi:Tech', price: 45, tags: [], stock: 9 },
];

const wait = (response, index = indexName) => client.waitForTask({ indexName: index, taskID: response.taskID });
const ids = (hits) => hits.map((hit) => hit.objectID).sort();
const search = async (params, index = indexName) => (await client.search({ requests: [{ indexName: index, ...params }] })).results[0];
const status = (code) => (error) => error.status === code && error.message.length > 0;

after(async () => {
  const { items } = await client.listIndices();
  for (const { name, primary } of items) if (!primary && name.startsWith(indexName)) await client.deleteIndex({ indexName: name });
});

test('an index that is not there', async () => {
  assert.equal(await client.indexExists({ indexName }), false);
  await assert.rejects(search({ query: '' }), status(404));
  await assert.rejects(client.getObject({ indexName, objectID: 'a' }), status(404));
});

test('settings', async () => {
  await wait(await client.setSettings({
    indexName,
    indexSettings: {
      searchableAttributes: ['name', 'unordered(brand)'],
      attributesForFaceting: ['searchable(brand)', 'tags', 'filterOnly(stock)', 'price'],
      customRanking: ['desc(stock)'],
      ranking: ['typo', 'geo', 'words', 'filters', 'proximity', 'attribute', 'exact', 'custom'],
      replicas: [`virtual(${indexName}_cheap)`, `${indexName}_dear`],
      typoTolerance: 'min', ignorePlurals: true, removeStopWords: true, hitsPerPage: 10,
    },
  }));
  assert.equal(await client.indexExists({ indexName }), true);
  const settings = await client.getSettings({ indexName });
  assert.deepEqual(settings.searchableAttributes, ['name', 'unordered(brand)']);
  assert.deepEqual(settings.customRanking, ['desc(stock)']);
  assert.equal(settings.hitsPerPage, 10);
  await wait(await client.setSettings({ indexName: `${indexName}_cheap`, indexSettings: { customRanking: ['asc(price)'] } }), `${indexName}_cheap`);
  await wait(await client.setSettings({ indexName: `${indexName}_dear`, indexSettings: { ranking: ['desc(price)', 'typo', 'custom'] } }), `${indexName}_dear`);
  assert.equal((await client.getSettings({ indexName: `${indexName}_dear` })).primary, indexName);
  await assert.rejects(client.setSettings({ indexName, indexSettings: { searchableAttributes: 'name^^' } }),
    (error) => error.status === 400 && error.message.includes('searchableAttributes'));
});

test('saveObjects, getObject, getObjects', async () => {
  const responses = await client.saveObjects({ indexName, objects: shoes, waitForTasks: true, batchSize: 3 });
  assert.deepEqual(responses.flatMap((r) => r.objectIDs), ['a', 'b', 'c', 'd']);
  assert.deepEqual(await client.getObject({ indexName, objectID: 'a' }), shoes[0]);
  assert.deepEqual(await client.getObject({ indexName, objectID: 'a', attributesToRetrieve: ['name', 'price'] }),
    { objectID: 'a', name: 'Alpine trail shoe', price: 120 });
  const { results } = await client.getObjects({
    requests: [{ indexName, objectID: 'b' }, { indexName, objectID: 'nope' }, { indexName, objectID: 'c', attributesToRetrieve: ['brand'] }],
  });
  assert.deepEqual(results, [shoes[1], null, { objectID: 'c', brand: 'Ibex, Ltd' }]);
  await assert.rejects(client.getObject({ indexName, objectID: 'nope' }), status(404));
});

test('searches, facets, filters, replicas', async () => {
  assert.deepEqual(ids((await search({ query: 'trail' })).hits), ['a']);
  const hit = (await search({ query: 'alp', attributesToRetrieve: ['name'] })).hits[0];
  assert.equal(hit._highlightResult.name.value, '<em>Alp</em>ine trail shoe');
  assert.equal(hit.price, undefined);
  const all = await search({ query: '', facets: ['brand', 'price', 'tags'] });
  assert.equal(all.nbHits, 4);
  assert.deepEqual(all.facets.brand, { 'Fjord & Co': 1, "O'Neal": 1, 'Ibex, Ltd': 1, 'Hi:Tech': 1 });
  assert.deepEqual([all.facets_stats.price.min, all.facets_stats.price.max], [45, 199]);
  for (const shoe of shoes) {
    assert.deepEqual(ids((await search({ query: '', facetFilters: [`brand:${shoe.brand}`] })).hits), [shoe.objectID]);
    assert.deepEqual(ids((await search({ query: '', filters: `brand:"${shoe.brand}"` })).hits), [shoe.objectID]);
  }
  assert.deepEqual(ids((await search({ query: '', numericFilters: ['price>=50', 'price<=150'] })).hits), ['a', 'b']);
  assert.deepEqual(ids((await search({ query: '', filters: 'tags:trail AND NOT stock:5' })).hits), ['c']);
  const values = await client.searchForFacetValues({ indexName, facetName: 'brand', searchForFacetValuesRequest: { facetQuery: 'fj' } });
  assert.deepEqual(values.facetHits, [{ value: 'Fjord & Co', highlighted: '<em>Fj</em>ord & Co', count: 1 }]);
  assert.deepEqual((await search({ query: '' }, `${indexName}_cheap`)).hits.map((h) => h.price), [45, 80.5, 120, 199]);
  assert.deepEqual((await search({ query: '' }, `${indexName}_dear`)).hits.map((h) => h.price), [199, 120, 80.5, 45]);
  const single = await client.searchSingleIndex({ indexName, searchParams: { query: 'boot', hitsPerPage: 1 } });
  assert.deepEqual(ids(single.hits), ['c']);
});

test('partial updates and their operations', async () => {
  await client.partialUpdateObjects({
    indexName, waitForTasks: true, createIfNotExists: false,
    objects: [
      { objectID: 'a', stock: { _operation: 'Decrement', value: 2 } },
      { objectID: 'b', tags: { _operation: 'AddUnique', value: 'sale' } },
      { objectID: 'ghost', stock: 1 },
    ],
  });
  assert.equal((await client.getObject({ indexName, objectID: 'a' })).stock, 3);
  assert.deepEqual((await client.getObject({ indexName, objectID: 'b' })).tags, ['city', 'sale']);
  await assert.rejects(client.getObject({ indexName, objectID: 'ghost' }), status(404));
  await client.partialUpdateObject({ indexName, objectID: 'a', attributesToUpdate: { stock: { _operation: 'Increment', value: 10 } } });
  await client.partialUpdateObject({ indexName, objectID: 'new one', attributesToUpdate: { name: 'Made by an update' }, createIfNotExists: true });
  assert.equal((await client.getObject({ indexName, objectID: 'a' })).stock, 13);
  assert.equal((await client.getObject({ indexName, objectID: 'new one' })).name, 'Made by an update');
  await assert.rejects(client.partialUpdateObject({ indexName, objectID: 'a', attributesToUpdate: { name: { _operation: 'Increment', value: 1 } } }), status(400));
  assert.equal((await client.getObject({ indexName, objectID: 'a' })).name, 'Alpine trail shoe');
});

test('saveObject, addOrUpdateObject, deleteObject', async () => {
  const made = await client.saveObject({ indexName, body: { name: 'Without an id' } });
  assert.ok(made.objectID.length >= 16 && made.createdAt && made.taskID);
  await client.addOrUpdateObject({ indexName, objectID: 'Ä/1', body: { name: 'An odd id' } });
  assert.equal((await client.getObject({ indexName, objectID: 'Ä/1' })).name, 'An odd id');
  const gone = await client.deleteObject({ indexName, objectID: 'Ä/1' });
  assert.ok(gone.deletedAt && gone.taskID);
  await client.deleteObjects({ indexName, objectIDs: [made.objectID, 'new one', 'never there'], waitForTasks: true });
  assert.deepEqual(ids((await search({ query: '' })).hits), ['a', 'b', 'c', 'd']);
});

test('a batch with a wrong request applies nothing', async () => {
  const requests = [
    { action: 'addObject', body: { objectID: 'x1', name: 'first' } },
    { action: 'partialUpdateObject', body: { objectID: 'a', stock: { _operation: 'Multiply', value: 2 } } },
  ];
  await assert.rejects(client.batch({ indexName, batchWriteParams: { requests } }),
    (error) => error.status === 400 && error.message.includes('requests[1]') && error.message.includes('Multiply'));
  requests[1] = { action: 'updateObject', body: { name: 'no id' } };
  await assert.rejects(client.batch({ indexName, batchWriteParams: { requests } }),
    (error) => error.status === 400 && error.message.includes('requests[1]') && error.message.includes('objectID'));
  await assert.rejects(client.getObject({ indexName, objectID: 'x1' }), status(404));
});

test('multipleBatch writes to several indexes', async () => {
  const response = await client.multipleBatch({
    requests: [
      { action: 'addObject', indexName, body: { objectID: 'm1', name: 'in one' } },
      { action: 'addObject', indexName: other, body: { objectID: 'm2', name: 'in another' } },
      { action: 'deleteObject', indexName, body: { objectID: 'm1' } },
    ],
  });
  assert.deepEqual(response.objectIDs, ['m1', 'm2', 'm1']);
  assert.deepEqual(Object.keys(response.taskID), [indexName, other]);
  await client.waitForTask({ indexName: other, taskID: response.taskID[other] });
  assert.equal((await client.getObject({ indexName: other, objectID: 'm2' })).name, 'in another');
});

test('browseObjects gives every object once', async () => {
  const many = Array.from({ length: 2500 }, (_, i) => ({ objectID: `n${i}`, name: `thing ${i}`, even: i % 2 === 0 }));
  await client.saveObjects({ indexName: other, objects: many, waitForTasks: true });
  const seen = new Set();
  await client.browseObjects({ indexName: other, browseParams: { hitsPerPage: 700 }, aggregator: ({ hits }) => hits.forEach((hit) => seen.add(hit.objectID)) });
  assert.equal(seen.size, 2501);
});

test('deleteBy', async () => {
  await assert.rejects(client.deleteBy({ indexName: other, deleteByParams: {} }), status(400));
  await wait(await client.setSettings({ indexName: other, indexSettings: { attributesForFaceting: ['even'] } }), other);
  await wait(await client.deleteBy({ indexName: other, deleteByParams: { filters: 'even:true' } }), other);
  assert.equal((await search({ query: '' }, other)).nbHits, 1251);
});

test('synonyms', async () => {
  await wait(await client.saveSynonym({ indexName, objectID: 's1', synonymHit: { objectID: 's1', type: 'synonym', synonyms: ['boot', 'wellington'] } }));
  assert.deepEqual(ids((await search({ query: 'wellington' })).hits), ['c']);
  await wait(await client.saveSynonyms({
    indexName,
    synonymHit: [
      { objectID: 's2', type: 'onewaysynonym', input: 'footwear', synonyms: ['sneaker', 'sandal'] },
      { objectID: 's3', type: 'synonym', synonyms: ['tv', 'television'] },
    ],
  }));
  assert.deepEqual(ids((await search({ query: 'footwear' })).hits), ['b', 'd']);
  assert.equal((await client.getSynonym({ indexName, objectID: 's2' })).input, 'footwear');
  const found = await client.searchSynonyms({ indexName, searchSynonymsParams: { query: 'telev' } });
  assert.deepEqual([found.nbHits, ids(found.hits)], [1, ['s3']]);
  const all = [];
  await client.browseSynonyms({ indexName, aggregator: ({ hits }) => all.push(...hits) });
  assert.deepEqual(ids(all), ['s1', 's2', 's3']);
  await wait(await client.deleteSynonym({ indexName, objectID: 's1' }));
  assert.deepEqual(ids((await search({ query: 'wellington' })).hits), []);
  await assert.rejects(client.getSynonym({ indexName, objectID: 's1' }), status(404));
  await assert.rejects(client.saveSynonym({ indexName, objectID: 's9', synonymHit: { objectID: 's9', type: 'synonym', synonyms: ['alone'] } }), status(400));
  // Twenty at once: none is lost.
  await Promise.all(Array.from({ length: 20 }, (_, i) => client.saveSynonym({
    indexName, objectID: `p${i}`, synonymHit: { objectID: `p${i}`, type: 'synonym', synonyms: [`left${i}`, `right${i}`] } })));
  assert.equal((await client.searchSynonyms({ indexName })).nbHits, 22);
  await wait(await client.saveSynonyms({ indexName, replaceExistingSynonyms: true, synonymHit: [{ objectID: 'only', type: 'synonym', synonyms: ['tv', 'television'] }] }));
  assert.deepEqual(ids((await client.searchSynonyms({ indexName })).hits), ['only']);
});

test('rules: there are none, and saving one says so', async () => {
  assert.equal((await client.searchRules({ indexName })).nbHits, 0);
  await wait(await client.saveRules({ indexName, rules: [] }));
  await wait(await client.clearRules({ indexName }));
  const rule = { objectID: 'r', conditions: [], consequence: { params: { query: 'x' } } };
  await assert.rejects(client.saveRule({ indexName, objectID: 'r', rule }), (error) => error.status === 400 && /rules are not supported/.test(error.message));
  await assert.rejects(client.saveRules({ indexName, rules: [rule] }), status(400));
});

test('replaceAllObjects swaps in new objects and keeps settings, synonyms and replicas', async () => {
  const objects = [{ objectID: 'r1', name: 'Replaced boot', brand: 'New', price: 7, stock: 1 }, { objectID: 'r2', name: 'Replaced tv', brand: 'New', price: 3, stock: 1 }];
  await client.replaceAllObjects({ indexName, objects });
  assert.deepEqual(ids((await search({ query: '' })).hits), ['r1', 'r2']);
  assert.deepEqual(ids((await search({ query: 'television' })).hits), ['r2']);
  assert.deepEqual((await search({ query: '' }, `${indexName}_cheap`)).hits.map((h) => h.price), [3, 7]);
  assert.deepEqual((await client.getSettings({ indexName })).customRanking, ['desc(stock)']);
  const fresh = `${indexName}_fresh`;
  await client.replaceAllObjects({ indexName: fresh, objects });
  assert.deepEqual(ids((await search({ query: '' }, fresh)).hits), ['r1', 'r2']);
  const { items } = await client.listIndices();
  assert.equal(items.some(({ name }) => name.includes('_tmp_')), false);
});

test('copy, move, clear, list, delete', async () => {
  const copy = `${indexName}_copy`;
  const moved = `${indexName}_moved`;
  await wait(await client.operationIndex({ indexName, operationIndexParams: { operation: 'copy', destination: copy } }), copy);
  assert.deepEqual(ids((await search({ query: 'boot' }, copy)).hits), ['r1']);
  assert.deepEqual((await client.getSettings({ indexName: copy })).searchableAttributes, ['name', 'unordered(brand)']);
  await wait(await client.operationIndex({ indexName: copy, operationIndexParams: { operation: 'move', destination: moved } }), moved);
  assert.equal(await client.indexExists({ indexName: copy }), false);
  assert.deepEqual(ids((await search({ query: '' }, moved)).hits), ['r1', 'r2']);
  const { items } = await client.listIndices();
  const item = items.find(({ name }) => name === moved);
  assert.equal(item.entries, 2);
  assert.equal(item.pendingTask, false);
  assert.ok(Date.parse(item.createdAt) && Date.parse(item.updatedAt));
  assert.deepEqual(items.filter(({ primary }) => primary === indexName).map(({ name }) => name).sort(), [`${indexName}_cheap`, `${indexName}_dear`]);
  const page = await client.listIndices({ page: 0, hitsPerPage: 2 });
  assert.equal(page.items.length, 2);
  assert.ok(page.nbPages >= 2);
  await wait(await client.clearObjects({ indexName: moved }), moved);
  assert.equal((await search({ query: '' }, moved)).nbHits, 0);
  await client.deleteIndex({ indexName: moved });
  assert.equal(await client.indexExists({ indexName: moved }), false);
});

test('a setting that needs a rebuild keeps its task waiting until it is in force', async () => {
  const response = await client.setSettings({ indexName: other, indexSettings: { searchableAttributes: ['name', 'description'], indexLanguages: ['de'], queryLanguages: ['de'] } });
  await wait(response, other);
  assert.deepEqual((await client.getSettings({ indexName: other })).searchableAttributes, ['name', 'description']);
  assert.equal((await search({ query: 'thing' }, other)).nbHits, 1250);
});

test('a key says what it allows', async () => {
  const key = await client.getApiKey({ key: 'any-key' });
  assert.ok(key.acl.includes('addObject'));
});
