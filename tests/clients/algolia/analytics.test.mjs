// Algolia's Insights and Analytics clients against the same server: events in, reports out.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { algoliasearch } from 'algoliasearch5';

const { hostname, port } = new URL(process.env.AISLE_URL || 'http://127.0.0.1:7700');
const hosts = [{ url: hostname, port: Number(port), accept: 'readWrite', protocol: 'http' }];
const client = algoliasearch('any', 'any', { hosts });
const insights = client.initInsights({ region: 'us', options: { hosts } });
const analytics = client.initAnalytics({ region: 'us', options: { hosts } });
const index = `insights_${process.pid}`;

after(() => client.deleteIndex({ indexName: index }));

test('searches, events, reports', async () => {
  const { taskID } = await client.saveObject({ indexName: index, body: { objectID: 'k1', title: 'Blue kettle', price: 35 } });
  await client.waitForTask({ indexName: index, taskID });
  const { results } = await client.search({ requests: [
    { indexName: index, query: 'kettle', clickAnalytics: true, userToken: 'u-1' },
    { indexName: index, query: 'parasol', clickAnalytics: true, userToken: 'u-1' }] });
  const { queryID } = results[0];
  assert.match(queryID, /^[0-9a-f]{32}$/);
  const about = { index, queryID, objectIDs: ['k1'], userToken: 'u-1' };
  await insights.pushEvents({ events: [
    { eventType: 'click', eventName: 'Clicked', positions: [1], ...about },
    { eventType: 'conversion', eventSubtype: 'purchase', eventName: 'Bought', currency: 'EUR', value: 35, ...about,
      objectData: [{ price: 35, quantity: 1, queryID }] }] });

  const top = await analytics.getTopSearches({ index, clickAnalytics: true });
  assert.deepEqual(top.searches.map((s) => [s.search, s.count, s.nbHits]), [['kettle', 1, 1], ['parasol', 1, 0]]);
  assert.equal(top.searches[0].clickThroughRate, 1);
  assert.equal((await analytics.getSearchesCount({ index })).count, 2);
  assert.equal((await analytics.getSearchesNoResults({ index })).searches[0].search, 'parasol');
  assert.deepEqual((await analytics.getSearchesNoClicks({ index })).searches, []);
  assert.equal((await analytics.getNoResultsRate({ index })).rate, 0.5);
  assert.equal((await analytics.getNoClickRate({ index })).noClickCount, 0);
  assert.equal((await analytics.getClickThroughRate({ index })).rate, 0.5);
  assert.equal((await analytics.getAverageClickPosition({ index })).average, 1);
  assert.equal((await analytics.getClickPositions({ index })).positions[0].clickCount, 1);
  assert.equal((await analytics.getConversionRate({ index })).conversionCount, 1);
  assert.equal((await analytics.getPurchaseRate({ index })).purchaseCount, 1);
  assert.equal((await analytics.getAddToCartRate({ index })).addToCartCount, 0);
  assert.deepEqual((await analytics.getTopHits({ index })).hits.map((h) => [h.hit, h.count]), [['k1', 1]]);
  await assert.rejects(analytics.getTopSearches({ index: 'none' }), /does not exist/);
});
