// The official algoliasearch client, version 4, unmodified but for the host.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import algoliasearch from 'algoliasearch4';

const { host } = new URL(process.env.AISLE_URL || 'http://127.0.0.1:7700');
const hosts = [{ url: host, accept: 3, protocol: 'http' }];
const client = algoliasearch('AISLE', 'any-key', { hosts });
const name = `v4_${process.pid}`;
const index = client.initIndex(name);

const status = (code) => (error) => error.status === code && error.message.length > 0;
const ids = (hits) => hits.map((hit) => hit.objectID).sort();
const books = Array.from({ length: 30 }, (_, i) => ({
  objectID: `book-${i}`, title: `Volume ${i} of tales`, shelf: i % 3 ? 'low' : 'high', price: i + 0.5, pages: 100 + i,
}));

after(async () => {
  const { items } = await client.listIndices();
  await Promise.all(items.filter((item) => !item.primary && item.name.startsWith(name)).map((item) => client.initIndex(item.name).delete()));
});

test('exists, setSettings, getSettings', async () => {
  assert.equal(await index.exists(), false);
  await index.setSettings({
    searchableAttributes: ['title'], attributesForFaceting: ['shelf', 'searchable(pages)'], customRanking: ['asc(price)'],
    replicas: [`${name}_by_pages`],
  }).wait();
  await client.initIndex(`${name}_by_pages`).setSettings({ ranking: ['desc(pages)', 'typo', 'words'] }).wait();
  assert.equal(await index.exists(), true);
  assert.deepEqual((await index.getSettings()).attributesForFaceting, ['shelf', 'searchable(pages)']);
});

test('saveObjects and saveObject', async () => {
  const saved = await index.saveObjects(books, { batchSize: 7 }).wait();
  assert.equal(saved.objectIDs.length, 30);
  assert.equal(saved.taskIDs.length, 5);
  const made = await index.saveObject({ title: 'Without an id' }, { autoGenerateObjectIDIfNotExist: true }).wait();
  assert.ok(made.objectID);
  await index.deleteObject(made.objectID).wait();
});

test('getObject, getObjects, multipleGetObjects, findObject', async () => {
  assert.deepEqual(await index.getObject('book-3'), books[3]);
  assert.deepEqual(await index.getObject('book-3', { attributesToRetrieve: ['title'] }), { objectID: 'book-3', title: 'Volume 3 of tales' });
  const { results } = await index.getObjects(['book-1', 'nope'], { attributesToRetrieve: ['price'] });
  assert.deepEqual(results, [{ objectID: 'book-1', price: 1.5 }, null]);
  const multiple = await client.multipleGetObjects([{ indexName: name, objectID: 'book-2' }]);
  assert.deepEqual(multiple.results, [books[2]]);
  const found = await index.findObject((hit) => hit.pages === 125, { query: 'tales', paginate: true });
  assert.equal(found.object.objectID, 'book-25');
});

test('search with parameters, several queries, facet values', async () => {
  const answer = await index.search('tales', {
    facets: ['shelf'], facetFilters: [['shelf:high']], numericFilters: ['pages>=103', 'pages<=109'], hitsPerPage: 2, attributesToRetrieve: ['pages'],
    attributesToHighlight: ['title'],
  });
  assert.deepEqual([answer.nbHits, answer.nbPages, answer.facets], [3, 2, { shelf: { high: 3 } }]);
  assert.deepEqual(answer.hits[0]._highlightResult.title.value, 'Volume 3 of <em>tales</em>');
  assert.deepEqual(answer.hits.map((hit) => hit.pages), [103, 106]);
  const { results } = await client.multipleQueries([
    { indexName: name, query: 'volume', params: { hitsPerPage: 1 } },
    { indexName: `${name}_by_pages`, query: '', params: { hitsPerPage: 3 } },
  ]);
  assert.equal(results[0].nbHits, 30);
  assert.deepEqual(results[1].hits.map((hit) => hit.pages), [129, 128, 127]);
  const values = await index.searchForFacetValues('pages', '12', { maxFacetHits: 20 });
  assert.equal(values.facetHits.length, 10);
  await assert.rejects(client.initIndex('nope').search(''), status(404));
});

test('partialUpdateObjects', async () => {
  await index.partialUpdateObjects([
    { objectID: 'book-0', pages: { _operation: 'Increment', value: 5 } },
    { objectID: 'not there', pages: 1 },
  ]).wait();
  assert.equal((await index.getObject('book-0')).pages, 105);
  await assert.rejects(index.getObject('not there'), status(404));
  await index.partialUpdateObject({ objectID: 'there now', pages: 1 }, { createIfNotExists: true }).wait();
  assert.equal((await index.getObject('there now')).pages, 1);
  await index.deleteObjects(['there now']).wait();
});

test('browseObjects, deleteBy, clearObjects', async () => {
  const seen = [];
  await index.browseObjects({ batch: (hits) => seen.push(...hits), hitsPerPage: 8 });
  assert.equal(new Set(ids(seen)).size, 30);
  const high = [];
  await index.browseObjects({ filters: 'shelf:high', attributesToRetrieve: ['shelf'], batch: (hits) => high.push(...hits) });
  assert.equal(high.length, 10);
  await index.deleteBy({ filters: 'shelf:high' }).wait();
  assert.equal((await index.search('')).nbHits, 20);
});

test('synonyms and rules', async () => {
  await index.saveSynonyms([{ objectID: 'w', type: 'oneWaySynonym', input: 'stories', synonyms: ['tales'] }], { forwardToReplicas: true }).wait();
  assert.equal((await index.search('stories')).nbHits, 20);
  assert.deepEqual(ids((await index.searchSynonyms('')).hits), ['w']);
  const browsed = [];
  await index.browseSynonyms({ batch: (hits) => browsed.push(...hits) });
  assert.equal(browsed.length, 1);
  await index.replaceAllSynonyms([{ objectID: 'x', type: 'synonym', synonyms: ['tales', 'sagas'] }]).wait();
  assert.deepEqual(ids((await index.searchSynonyms('')).hits), ['x']);
  await index.clearSynonyms().wait();
  assert.equal((await index.searchSynonyms('')).nbHits, 0);
  await index.replaceAllRules([]).wait();
  await assert.rejects(index.saveRule({ objectID: 'r', consequence: {} }), status(400));
});

test('replaceAllObjects, copyIndex, copySettings, moveIndex', async () => {
  await index.replaceAllObjects(books.slice(0, 4), { safe: true });
  assert.equal((await index.search('')).nbHits, 4);
  assert.deepEqual((await index.getSettings()).searchableAttributes, ['title']);
  await client.copyIndex(name, `${name}_copy`).wait();
  assert.equal((await client.initIndex(`${name}_copy`).search('tales')).nbHits, 4);
  await client.copySettings(name, `${name}_settings`).wait();
  assert.deepEqual((await client.initIndex(`${name}_settings`).getSettings()).customRanking, ['asc(price)']);
  await client.copyRules(name, `${name}_settings`).wait();
  await client.copySynonyms(name, `${name}_settings`).wait();
  await client.moveIndex(`${name}_copy`, `${name}_moved`).wait();
  assert.equal(await client.initIndex(`${name}_copy`).exists(), false);
  assert.equal((await client.initIndex(`${name}_moved`).search('')).nbHits, 4);
  await index.clearObjects().wait();
  assert.equal((await index.search('')).nbHits, 0);
});

test('multipleBatch', async () => {
  const answer = await client.multipleBatch([
    { action: 'addObject', indexName: name, body: { objectID: 'one', title: 'One' } },
    { action: 'clear', indexName: name },
    { action: 'addObject', indexName: name, body: { objectID: 'two', title: 'Two' } },
  ]).wait();
  assert.ok(answer.taskID[name]);
  assert.deepEqual(ids((await index.search('')).hits), ['two']);
});
