// The reports page: one answer of the server has all of it (GET /1/indexes/{index}/report), a second one the experiment.

import { bars, curve, interval } from './charts.js';

const $ = (id) => document.getElementById(id);
const parameters = new URLSearchParams(location.search);
const number = new Intl.NumberFormat('en');
const percent = (part, whole) => (whole ? `${(100 * part / whole).toFixed(1)} %` : '-');
const share = (rate) => (rate == null ? '-' : `${(100 * rate).toFixed(1)} %`);
const place = (average) => (average == null ? '-' : average.toFixed(1));

function element(name, properties = {}, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children);
  return e;
}

async function get(path, body) {
  const key = sessionStorage.getItem('aisle-key');
  const answer = await fetch(path, {
    method: body ? 'POST' : 'GET',
    headers: key ? { 'x-algolia-api-key': key } : {},
    body: body && JSON.stringify(body),
  });
  const json = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(json.message || answer.statusText), { status: answer.status });
  return json;
}

function table(id, rows, columns, nothing) {
  const target = $(id);
  if (!rows.length) {
    target.replaceChildren(element('p', { className: 'nothing', textContent: nothing }));
    return;
  }
  const head = element('tr', {}, ...columns.map((c) => element('th', { scope: 'col', textContent: c.name })));
  const body = rows.map((row) => element('tr', {}, ...columns.map((c) => {
    const cell = element('td');
    cell.append(c.value(row));
    return cell;
  })));
  target.replaceChildren(element('table', {}, element('thead', {}, head), element('tbody', {}, ...body)));
}

// Browsing without words is a search, too.
const searchLink = (index) => (row) => {
  const name = row.search.trim() || '(without words)';
  return index === 'products' ? element('a', { href: `/?q=${encodeURIComponent(row.search)}`, textContent: name }) : name;
};

function showFigures(totals) {
  const figures = [
    [number.format(totals.count), 'searches'],
    [percent(totals.noResultCount, totals.count), 'found nothing'],
    [percent(totals.clickedCount, totals.count), 'were clicked'],
    [place(totals.averageClickPosition), 'average click position'],
    [percent(totals.convertedCount, totals.count), 'led to a cart or an order'],
    [number.format(Math.round(totals.revenue)), 'revenue of searches'],
  ];
  $('figures').replaceChildren(...figures.map(([value, name]) =>
    element('li', { className: 'figure' }, element('b', { textContent: value }), element('span', { textContent: name }))));
}

function showLists(report, titles) {
  const search = searchLink(report.index);
  table('searches', report.searches, [
    { name: 'Search', value: search },
    { name: 'Searches', value: (r) => number.format(r.count) },
    { name: 'Hits', value: (r) => number.format(r.nbHits) },
    { name: 'Clicked', value: (r) => share(r.clickThroughRate) },
    { name: 'Position', value: (r) => place(r.averageClickPosition) },
    { name: 'Converted', value: (r) => share(r.conversionRate) },
  ], 'No searches in this range.');
  for (const id of ['noResults', 'noClicks']) {
    table(id, report[id], [
      { name: 'Search', value: search },
      { name: 'Times', value: (r) => number.format(r.count) },
      { name: 'Hits', value: (r) => number.format(r.nbHits) },
    ], 'None: well done.');
  }
  table('hits', report.hits, [
    { name: 'Product', value: (r) => titles[r.hit] || r.hit },
    { name: 'Shown', value: (r) => number.format(r.count) },
    { name: 'Clicks', value: (r) => number.format(r.clickCount) },
    { name: 'Clicked', value: (r) => share(r.clickThroughRate) },
    { name: 'Carts', value: (r) => number.format(r.addToCartCount) },
    { name: 'Orders', value: (r) => number.format(r.purchaseCount) },
  ], 'Nothing was shown in this range.');
}

// What products are called: by the role in the settings, else "title".
async function titlesOf(path, hits) {
  if (!hits.length) return {};
  const settings = await get(`${path}/settings`);
  const title = settings.roles?.title || 'title';
  const indexName = decodeURIComponent(path.split('/').pop());
  const requests = hits.map((hit) => ({ indexName, objectID: hit.hit, attributesToRetrieve: [title] }));
  const objects = (await get('/1/indexes/*/objects', { requests })).results.filter(Boolean);
  return Object.fromEntries(objects.map((o) => [o.objectID, o[title]]));
}

function verdict(clicks) {
  if (!clicks.queries) return 'No click has told anything yet.';
  if (!clicks.significant) return 'No difference that chance could not make.';
  return clicks.prefers === 'B' ? 'Shoppers prefer B, what is tried.' : "Shoppers prefer A, the index's own ranking.";
}

function showExperiment(trial) {
  $('experiment-card').hidden = !trial;
  if (!trial) return;
  const c = trial.clicks;
  $('experiment-title').textContent = `Experiment: ${trial.name}`;
  const facts = `${number.format(trial.searches)} searches, ${number.format(trial.differingSearches)} with a difference; by clicks ` +
    `${number.format(c.searchesA)} prefer A, ${number.format(c.searchesB)} B, ${number.format(c.searchesEven)} both alike. ` +
    `p ${c.randomization.toFixed(3)} (randomization), ${c.tTest.toFixed(3)} (t test).`;
  $('experiment').replaceChildren(
    element('p', { className: 'verdict', textContent: verdict(c) }),
    element('p', { className: 'experiment-facts', textContent: facts }));
  if (c.queries) $('experiment').append(interval(c));
}

function say(text, failed = false) {
  $('note').textContent = text;
  $('note').classList.toggle('failed', failed);
}

async function show() {
  const index = $('index').value;
  const days = Number($('days').value);
  const from = new Date(Date.now() - (days - 1) * 86400000).toISOString().slice(0, 10);
  const path = `/1/indexes/${encodeURIComponent(index)}`;
  history.replaceState(null, '', `?${new URLSearchParams({ index, days })}`);
  try {
    const report = await get(`${path}/report?startDate=${from}&limit=15`);
    const trial = report.experiment ? await get(`${path}/experiment?limit=5`) : null;
    say(report.totals.count ? '' : 'No search was logged in this range. Searches are logged when they ask for clickAnalytics.');
    showFigures(report.totals);
    $('days-chart').replaceChildren(bars(report.dates));
    $('curve').replaceChildren(curve(report.positions));
    showLists(report, await titlesOf(path, report.hits));
    showExperiment(trial);
    document.body.dataset.shown = 'true';
  } catch (error) {
    $('key-form').hidden = error.status !== 403;
    say(error.message, true);
  }
}

async function start() {
  try {
    const indexes = (await get('/1/indexes')).items.filter((i) => !i.primary).map((i) => i.name);
    const wanted = parameters.get('index') || (indexes.includes('products') ? 'products' : indexes[0]);
    $('index').replaceChildren(...indexes.map((name) => element('option', { value: name, textContent: name, selected: name === wanted })));
    if (!indexes.length) return say('This server has no index yet.');
    if (parameters.get('days')) $('days').value = parameters.get('days');
    if (!$('days').value) $('days').value = '8';
    $('key-form').hidden = true;
    await show();
  } catch (error) {
    $('key-form').hidden = error.status !== 403;
    say(error.message, true);
  }
}

$('range').addEventListener('change', show);
$('range').addEventListener('submit', (event) => event.preventDefault());
$('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem('aisle-key', $('key').value);
  start();
});
start();
