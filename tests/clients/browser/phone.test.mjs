// A phone's width, and the keyboard alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Shop, closeBrowser, openBrowser } from './shop.mjs';

before(openBrowser);
after(closeBrowser);

const phone = { width: 390, height: 844, touch: true };
const overflow = (shop) => shop.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

test('nothing is wider than a phone', async () => {
  const shop = await Shop.open(phone);
  await shop.go('/');
  assert.ok(await overflow(shop) <= 0);
  await shop.picture('phone-entrance');
  await shop.go('/?q=black');
  assert.ok(await overflow(shop) <= 0);
  await shop.picture('phone-results');
  await shop.page.locator('.card a').first().tap();
  await shop.page.waitForSelector('#product h2');
  await shop.page.waitForTimeout(300);
  assert.ok(await overflow(shop) <= 0);
  await shop.picture('phone-product');
  await shop.close();
});

test('a word of any length fits a phone', async () => {
  const shop = await Shop.open({ width: 390, height: 844 });
  await shop.go(`/?q=${'donaudampfschifffahrt'.repeat(8)}`);
  assert.equal(await overflow(shop), 0);
  await shop.close();
});

test('filters come as a sheet', async () => {
  const shop = await Shop.open(phone);
  await shop.go('/?q=black');
  const all = await shop.total();
  await shop.page.tap('#filters-open');
  await shop.page.waitForSelector('#filters-show', { state: 'visible' });
  await shop.page.waitForTimeout(400);
  await shop.picture('phone-filters');
  await shop.page.locator('#filter-category .tree-link').first().tap();
  const fewer = await shop.totalBecomes((n) => n > 0 && n < all);
  assert.match(await shop.page.textContent('#filters-show'), new RegExp(`Show ${fewer.toLocaleString('en-US')} product`));
  await shop.page.tap('#filters-show');
  await shop.page.waitForSelector('#filters-show', { state: 'hidden' });
  await shop.close();
});

test('suggestions fit a phone', async () => {
  const shop = await Shop.open(phone);
  await shop.go('/');
  await shop.page.tap('#search input');
  await shop.page.locator('#search input').pressSequentially('sho', { delay: 50 });
  await shop.page.waitForSelector('.suggestion, .quick');
  assert.ok(await overflow(shop) <= 0);
  await shop.picture('phone-suggestions');
  await shop.close();
});

test('the keyboard alone is enough', async () => {
  const shop = await Shop.open();
  await shop.go('/?q=black');
  await shop.page.keyboard.press('Tab');
  assert.equal(await shop.page.evaluate(() => document.activeElement.className), 'skip');
  await shop.page.keyboard.press('/');
  assert.equal(await shop.page.evaluate(() => document.activeElement.tagName), 'INPUT');
  await shop.page.locator('.card-title a').first().focus();
  await shop.page.keyboard.press('Enter');
  await shop.page.waitForSelector('#product h2');
  assert.ok(await shop.page.evaluate(() => document.querySelector('#product').contains(document.activeElement)));
  await shop.page.keyboard.press('Escape');
  await shop.page.waitForSelector('#product', { state: 'hidden' });
  await shop.close();
});
