// What shoppers do on the page is told to the server, and the reports show it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Shop, base, closeBrowser, openBrowser } from './shop.mjs';

before(openBrowser);
after(closeBrowser);

const report = async () => (await fetch(`${base}/1/indexes/products/report?limit=1000`)).json();
const countOf = (list, text) => list.find((s) => s.search.trim() === text)?.count || 0;

test('a search that stays is logged, what is typed on the way is not', async () => {
  const shop = await Shop.open();
  await shop.go('/');
  const before_ = countOf((await report()).searches, 'white');
  await shop.page.locator('#search input').pressSequentially('white', { delay: 60 });
  await shop.until('the search', report, (r) => countOf(r.searches, 'white') > before_, 8000);
  const { searches } = await report();
  assert.equal(countOf(searches, 'whit'), 0);
  assert.equal(countOf(searches, 'wh'), 0);
  await shop.close();
});

test('clicks and what is taken off the shelf count for the search', async () => {
  const shop = await Shop.open();
  const before_ = (await report()).totals;
  const logged = shop.page.waitForResponse((r) => /"analytics":true/.test(r.request().postData() || ''));
  await shop.go('/?q=black&stock=1');
  const { results } = await (await logged).json();
  await shop.page.waitForSelector(`[data-query="${results[0].queryID}"]`);
  await shop.page.locator('.card-title a').nth(1).click();
  await shop.page.locator('#take').click();
  const now = await shop.until('the cart', report, (r) => r.totals.addToCartCount > before_.addToCartCount, 8000);
  assert.equal(now.totals.clickCount, before_.clickCount + 1);
  assert.ok(now.totals.clickedCount > before_.clickedCount);
  assert.ok(now.positions[1].clickCount >= 1);
  await shop.close();
});

test('the reports are a page', async () => {
  for (const [name, width] of [['reports', 1440], ['reports-phone', 420]]) {
    const shop = await Shop.open({ width });
    await shop.page.goto(`${base}/reports.html`);
    await shop.page.waitForSelector('body[data-shown]');
    assert.match(await shop.page.locator('.figure').first().textContent(), /^[\d,]+searches$/);
    assert.ok(await shop.page.locator('#searches tbody tr').count() > 0);
    assert.ok(await shop.page.locator('#curve circle').count() > 0);
    const overflow = await shop.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, 'nothing is wider than the page');
    await shop.picture(name);
    await shop.close();
  }
});
