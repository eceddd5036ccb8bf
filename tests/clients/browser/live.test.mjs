// What the server knows shows up on an open page: stock, prices, and the product view.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Shop, api, closeBrowser, openBrowser } from './shop.mjs';

before(openBrowser);
after(closeBrowser);

const firstId = (shop) => shop.page.locator('.card-title a').first().getAttribute('href').then((href) => decodeURIComponent(href.split('/').pop()));

test('a stock change reaches the shelf without a reload', async () => {
  const shop = await Shop.open();
  await shop.go('/?q=black&stock=1');
  const id = await firstId(shop);
  const stock = shop.page.locator(`.card:has(a[href$="${id}"]) stock-level`);
  await api('POST', `products/${id}/partial`, { quantity: 3 });
  await shop.until('the stock', () => stock.textContent(), (text) => text === 'Only 3 left', 6000);
  await shop.picture('desktop-only-three-left');
  await api('POST', `products/${id}/partial`, { quantity: { _operation: 'Decrement', value: 2 } });
  await shop.until('the stock', () => stock.textContent(), (text) => text === 'Only 1 left', 6000);
  await api('POST', `products/${id}/partial`, { quantity: 42 });
  await shop.until('the stock', () => stock.textContent(), (text) => text === '42 in stock', 6000);
  await shop.close();
});

test('what is sold out leaves the shelf of things in stock', async () => {
  const shop = await Shop.open();
  await shop.go('/?q=black');
  const id = await firstId(shop);
  const before_ = (await api('GET', `products/${id}`)).quantity || 7;
  await api('POST', `products/${id}/partial`, { quantity: 0 });
  await shop.until('the stock', () => shop.page.locator(`.card:has(a[href$="${id}"]) stock-level`).getAttribute('data-state'),
    (state) => state === 'out' || state === 'later', 6000);
  await api('POST', `products/${id}/partial`, { quantity: before_ });
  await shop.close();
});

test('a product is looked at, its variants are chosen, one is taken', async () => {
  const shop = await Shop.open();
  await shop.go('/?in=Clothing&stock=1');
  const card = shop.page.locator('.card:has(.card-variants)').first();
  await card.locator('a').click();
  await shop.page.waitForSelector('#product h2');
  await shop.page.waitForSelector('#product .option');
  assert.ok(await shop.page.locator('#product .facts tr').count() >= 4);
  await shop.page.waitForTimeout(300);
  await shop.picture('desktop-product');
  const before_ = shop.page.url();
  await shop.page.locator('#product .option[aria-pressed="false"]').first().click();
  await shop.until('the variant', () => shop.page.url(), (url) => url !== before_);
  const id = decodeURIComponent(shop.page.url().split('/').pop());
  await shop.until('the article', () => shop.page.textContent('#product .facts'), (text) => text.includes(id));
  await api('POST', `products/${id}/partial`, { quantity: 5 });
  const stock = shop.page.locator('#product stock-level');
  await shop.until('the stock', () => stock.textContent(), (text) => text === 'Only 5 left' || /order|soon/.test(text), 6000);
  await shop.page.click('#take');
  await shop.until('the count', async () => (await api('GET', `products/${id}`)).quantity, (quantity) => quantity === 4);
  await shop.page.keyboard.press('Escape');
  await shop.page.waitForSelector('#product', { state: 'hidden' });
  await shop.until('the address', () => shop.page.url(), (url) => !url.includes('#/product/'));
  await shop.close();
});

test('a product has an address of its own', async () => {
  const shop = await Shop.open();
  await shop.go('/');
  const id = await firstId(shop);
  await shop.go(`/#/product/${id}`);
  await shop.page.reload();
  await shop.page.waitForSelector('#product h2');
  await shop.page.click('.product-close');
  await shop.page.waitForSelector('#product', { state: 'hidden' });
  await shop.close();
});
