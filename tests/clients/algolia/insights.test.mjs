// The Insights library of storefronts (search-insights): its events count as those of the API client do.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { algoliasearch } from 'algoliasearch5';
import aa from 'search-insights';

const { hostname, port } = new URL(process.env.AISLE_URL || 'http://127.0.0.1:7700');
const hosts = [{ url: hostname, port: Number(port), accept: 'readWrite', protocol: 'http' }];
const client = algoliasearch('any', 'any', { hosts });
const analytics = client.initAnalytics({ region: 'us', options: { hosts } });
const index = `search_insights_${process.pid}`;

after(() => client.deleteIndex({ indexName: index }));

test('clicks, conversions and views of search-insights', async () => {
  const { taskID } = await client.saveObjects({ indexName: index, objects: [
    { objectID: 'k1', title: 'Blue kettle', price: 35 }, { objectID: 'k2', title: 'Red kettle', price: 30 }],
  }).then((all) => all[0]);
  await client.waitForTask({ indexName: index, taskID });
  aa('init', { appId: 'any', apiKey: 'any', host: `http://${hostname}:${port}`, userToken: 'u-7' });
  const { results: [{ queryID }] } = await client.search({ requests: [
    { indexName: index, query: 'kettle', clickAnalytics: true, userToken: 'u-7' }] });

  const about = { index, queryID, eventName: 'e', objectIDs: ['k2'] };
  for (const [method, event] of [
    ['clickedObjectIDsAfterSearch', { ...about, positions: [2] }],
    ['addedToCartObjectIDsAfterSearch', { ...about, currency: 'EUR', objectData: [{ price: 30, quantity: 1, queryID }] }],
    ['purchasedObjectIDsAfterSearch', { ...about, currency: 'EUR', objectData: [{ price: 30, quantity: 1, queryID }] }],
    ['convertedObjectIDs', { index, eventName: 'e', objectIDs: ['k2'] }],
    ['viewedObjectIDs', { index, eventName: 'e', objectIDs: ['k1', 'k2'] }],
    ['clickedFilters', { index, eventName: 'e', filters: ['color:red'] }],
  ]) {
    assert.equal(await aa(method, event), true, method);
  }
  assert.equal((await analytics.getAverageClickPosition({ index })).average, 2);
  assert.equal((await analytics.getAddToCartRate({ index })).addToCartCount, 1);
  assert.equal((await analytics.getPurchaseRate({ index })).purchaseCount, 1);
  const { results } = await client.search({ requests: [
    { indexName: index, query: 'kettle', getRankingInfo: true, clickAnalytics: false }] });
  assert.equal(results[0].hits[0].objectID, 'k2');
  assert.ok(results[0].hits[0]._rankingInfo.behaviourQuery > 0);
});
