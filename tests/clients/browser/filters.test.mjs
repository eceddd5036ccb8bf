// Filters: every click narrows the shelves as its count said.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Shop, closeBrowser, openBrowser } from './shop.mjs';

before(openBrowser);
after(closeBrowser);

const number = (text) => Number(text.replace(/[^\d]/g, ''));

test('an aisle, then its categories: totals are what the tree says', async () => {
  const shop = await Shop.open();
  await shop.go('/');
  await shop.page.click('.aisles >> text="Kitchen & Dining"');
  await shop.until('the heading', () => shop.page.textContent('#heading'), (text) => text === 'Kitchen & Dining');
  const link = shop.page.locator('.ais-HierarchicalMenu-list--child .tree-link').first();
  const count = number(await link.locator('.check-count').textContent());
  await link.click();
  await shop.totalBecomes((n) => n === count, `${count} products`);
  await shop.page.waitForSelector('#filter-dynamic .ais-RefinementList-item');
  const dynamic = shop.page.locator('#filter-dynamic .ais-RefinementList-item').first();
  const fewer = number(await dynamic.locator('.check-count').textContent());
  await dynamic.locator('.check-label').click();
  await shop.totalBecomes((n) => n === fewer, `${fewer} products`);
  await shop.picture('desktop-category');
  const address = shop.page.url();
  await shop.until('the address', () => shop.page.url(), (url) => url.includes('f.'));
  await shop.page.reload();
  await shop.totalBecomes((n) => n === fewer, `${fewer} products after a reload of ${address}`);
  await shop.close();
});

test('a brand, found by its first letters', async () => {
  const shop = await Shop.open();
  await shop.go('/?q=black');
  const name = (await shop.page.locator('#filter-brand .check-label').nth(2).textContent()).trim();
  await shop.page.fill('#filter-brand .ais-SearchBox-input', name.slice(0, 4));
  const item = shop.page.locator('#filter-brand .check', { hasText: name }).first();
  await item.waitFor();
  const count = number(await item.locator('.check-count').textContent());
  await item.locator('.check-label').click();
  await shop.totalBecomes((n) => n === count, `${count} products of ${name}`);
  const brands = await shop.page.locator('.card-brand').allTextContents();
  assert.ok(brands.every((brand) => brand.trim() === name), brands.join());
  await shop.page.click('.chip');
  await shop.totalBecomes((n) => n > count);
  await shop.close();
});

test('colours, stock and the clear button', async () => {
  const shop = await Shop.open();
  await shop.go('/?q=shirt');
  const all = await shop.total();
  await shop.page.click('.swatch[value="Black"]');
  await shop.totalBecomes((n) => n > 0 && n < all);
  await shop.page.waitForSelector('.swatch[value="Black"][aria-pressed="true"]');
  const black = await shop.total();
  await shop.page.click('.stock-toggle label');
  await shop.totalBecomes((n) => n > 0 && n <= black);
  await shop.until('the stock', () => shop.page.locator('.card stock-level').evaluateAll((all_) => all_.map((e) => e.dataset.state)),
    (states) => states.every((state) => state !== 'out'));
  await shop.page.click('#clear button');
  await shop.totalBecomes((n) => n === all);
  await shop.close();
});

test('the price slider obeys the keyboard', async () => {
  const shop = await Shop.open();
  await shop.go('/?q=black');
  const all = await shop.total();
  const low = shop.page.locator('#filter-price input').first();
  await low.focus();
  await low.evaluate((input) => {
    input.value = 500;
    input.dispatchEvent(new Event('input', { bubbles: true }));
    input.dispatchEvent(new Event('change', { bubbles: true }));
  });
  await shop.totalBecomes((n) => n > 0 && n < all);
  const least = Number((await shop.page.locator('#filter-price output').first().textContent()).replace(/[^\d.]/g, ''));
  await shop.until('the prices', () => shop.prices(), (prices) => prices.length > 0 && prices.every((price) => price >= least - 0.005));
  await shop.close();
});
