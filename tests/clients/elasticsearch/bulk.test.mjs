// Elasticsearch's official clients writing through _bulk, unmodified; what they wrote is read back over the native API.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Client as Client7 } from 'elasticsearch7';
import { Client as Client8 } from 'elasticsearch8';

const base = process.env.AISLE_URL || 'http://127.0.0.1:7700';
const native = async (method, path, body) => (await fetch(`${base}/1/indexes/${path}`, { method, body: body && JSON.stringify(body) })).json();
const total = async (index) => (await native('POST', `${index}/query`, { query: '' })).nbHits;
const clients = { 7: Client7, 8: Client8 };
if (Number(process.versions.node.split('.')[0]) >= 20) {
  clients[9] = (await import('elasticsearch9')).Client;
} else {
  test('client 9', { skip: `it needs node 20, this is ${process.version}` }, () => {});
}
const prefix = `es_${process.pid}`;

after(async () => {
  const { items } = await native('GET', '');
  await Promise.all(items.filter(({ name }) => name.startsWith(prefix)).map(({ name }) => native('DELETE', name)));
});

for (const [version, Client] of Object.entries(clients)) {
  const client = new Client({ node: base, maxRetries: 0 });
  const index = `${prefix}_v${version}`;
  const body = (answer) => answer.body ?? answer;

  test(`client ${version}: _bulk with every action`, async () => {
    const operations = [
      { index: { _index: index, _id: 'n1' } }, { name: 'Trail shoe', price: 10 },
      { create: { _index: index, _id: 'n2' } }, { name: 'City shoe', price: 20 },
      { create: { _index: index, _id: 'n2' } }, { name: 'Again' },
      { index: { _index: index } }, { name: 'Without an id' },
      { update: { _index: index, _id: 'n1' } }, { doc: { price: 11 } },
      { update: { _index: index, _id: 'ghost' } }, { doc: { price: 1 } },
      { update: { _index: index, _id: 'made' } }, { doc: { price: 2 }, doc_as_upsert: true },
      { update: { _index: index, _id: 'put' } }, { doc: { price: 3 }, upsert: { price: 4 } },
      { update: { _index: index, _id: 'put' } }, { doc: { price: 5 }, upsert: { price: 4 } },
      { update: { _index: index, _id: 'n1' } }, { script: { source: 'ctx._source.price++' } },
      { delete: { _index: index, _id: 'n2' } },
      { delete: { _index: index, _id: 'n2' } },
    ];
    const answer = body(await client.bulk(version === '7' ? { body: operations } : { operations }));
    const outcomes = answer.items.map((item) => Object.entries(item)[0]).map(([action, item]) => [action, item.status, item.result ?? item.error.type]);
    assert.deepEqual(outcomes, [
      ['index', 201, 'created'], ['create', 201, 'created'], ['create', 409, 'version_conflict_engine_exception'],
      ['index', 201, 'created'], ['update', 200, 'updated'], ['update', 404, 'document_missing_exception'],
      ['update', 201, 'created'], ['update', 201, 'created'], ['update', 200, 'updated'],
      ['update', 400, 'document_parsing_exception'], ['delete', 200, 'deleted'], ['delete', 404, 'not_found'],
    ]);
    assert.equal(answer.errors, true);
    assert.ok(answer.took >= 0);
    assert.ok(answer.items[3].index._id.length >= 16);
    assert.deepEqual(await native('GET', `${index}/n1`), { objectID: 'n1', name: 'Trail shoe', price: 11 });
    assert.equal((await native('GET', `${index}/put`)).price, 5);
    assert.equal((await native('GET', `${index}/ghost`)).status, 404);
    assert.equal(await total(index), 4);
  });

  test(`client ${version}: the bulk helper with many documents, flushes and a refresh`, async () => {
    const many = `${index}_many`;
    const count = 20000;
    async function* documents() {
      for (let i = 0; i < count; i++) yield { id: `d${i}`, name: `Product number ${i}`, price: i };
    }
    const stats = await client.helpers.bulk({
      datasource: documents(),
      flushBytes: 700000,
      concurrency: 3,
      refreshOnCompletion: many,
      onDocument: (document) => ({ index: { _index: many, _id: document.id } }),
      onDrop: (dropped) => assert.fail(JSON.stringify(dropped)),
    });
    assert.deepEqual([stats.total, stats.successful, stats.failed], [count, count, 0]);
    assert.equal(await total(many), count);
    assert.equal((await native('GET', `${many}/d19999`)).price, 19999);
  });

  test(`client ${version}: ping, info, exists, create, delete, health`, async () => {
    const fresh = `${index}_fresh`;
    assert.ok(await client.ping());
    assert.equal(body(await client.info()).tagline, 'You Know, for Search');
    const exists = async () => body(await client.indices.exists({ index: fresh }));
    assert.equal(await exists(), false);
    assert.equal(body(await client.indices.create({ index: fresh })).acknowledged, true);
    assert.equal(await exists(), true);
    await assert.rejects(client.indices.create({ index: fresh }), (error) => error.meta.body.error.type === 'resource_already_exists_exception');
    assert.equal(body(await client.indices.delete({ index: fresh })).acknowledged, true);
    assert.equal(await exists(), false);
    assert.equal(body(await client.cluster.health()).status, 'green');
  });
}

const post = (path, text, headers = {}) => fetch(`${base}${path}`, { method: 'POST', body: text, headers: { 'content-type': 'application/x-ndjson', ...headers } });

test('a body of many megabytes in one request, gzipped, without a last line feed', async () => {
  const index = `${prefix}_large`;
  const lines = [];
  const filler = 'x'.repeat(1000);
  for (let i = 0; i < 6000; i++) lines.push(JSON.stringify({ index: { _id: `${i}` } }), JSON.stringify({ name: `Thing ${i}`, filler }));
  const response = await post(`/${index}/_bulk`, gzipSync(lines.join('\n')), { 'content-encoding': 'gzip' });
  const answer = await response.json();
  assert.equal(response.headers.get('x-elastic-product'), 'Elasticsearch');
  assert.equal(answer.errors, false);
  assert.equal(answer.items.length, 6000);
  assert.deepEqual(answer.items.map((item) => item.index._id), Array.from({ length: 6000 }, (_, i) => `${i}`));
  assert.equal(await total(index), 6000);
});

test('a broken source line is its own error, a broken action line refuses what is not applied yet', async () => {
  const index = `${prefix}_broken`;
  const one = await (await post('/_bulk', `{"index":{"_index":"${index}","_id":"1"}}\n{"name":\n{"index":{"_index":"${index}","_id":"2"}}\n{"name":"good"}\n`)).json();
  assert.deepEqual(one.items.map((item) => item.index.status), [400, 201]);
  const two = await post('/_bulk', `{"index":{"_index":"${index}","_id":"3"}}\n{"name":"good"}\n{"upsert":{}}\n{}\n`);
  assert.equal(two.status, 400);
  const { error } = await two.json();
  assert.match(error.reason, /line \[3\].*index, create, update or delete.*first 0 actions/);
  assert.equal(await total(index), 1);
  const three = await post('/_bulk', `{"index":{"_index":"${index}","_id":"4"}}\n`);
  assert.equal(three.status, 400);
  const four = await post('/_bulk', '');
  assert.equal(four.status, 200);
});
