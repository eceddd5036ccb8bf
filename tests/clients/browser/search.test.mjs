// Typing, suggestions, sorting, pages, addresses.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Shop, closeBrowser, openBrowser } from './shop.mjs';

before(openBrowser);
after(closeBrowser);

test('the entrance shows the aisles and popular products', async () => {
  const shop = await Shop.open();
  await shop.go('/');
  assert.equal(await shop.page.locator('.tile').count(), 12);
  assert.equal(await shop.page.locator('.card').count(), 24);
  assert.ok(await shop.total() > 1000);
  await shop.page.waitForTimeout(500);
  assert.ok(await shop.page.evaluate(() => window.shifts) < 0.1, 'the layout stays where it is');
  await shop.picture('desktop-entrance');
  await shop.close();
});

test('results follow every letter, with the letters marked', async () => {
  const shop = await Shop.open();
  await shop.go('/');
  const all = await shop.total();
  await shop.page.locator('#search input').pressSequentially('head', { delay: 40 });
  const some = await shop.totalBecomes((n) => n > 0 && n < all);
  await shop.page.locator('#search input').pressSequentially('phones', { delay: 40 });
  await shop.totalBecomes((n) => n > 0 && n <= some);
  await shop.until('the marks', () => shop.page.locator('.card .ais-Highlight-highlighted').allTextContents(),
    (marks) => marks.length > 0 && marks.every((mark) => /^headphones?$/i.test(mark)));
  assert.match(await shop.page.textContent('#heading'), /headphones/);
  await shop.close();
});

test('suggestions and products stand under the box; the keyboard takes one', async () => {
  const shop = await Shop.open();
  await shop.go('/');
  await shop.page.locator('#search input').pressSequentially('wire', { delay: 40 });
  await shop.page.waitForSelector('.suggestion');
  await shop.page.waitForSelector('.quick');
  await shop.picture('desktop-suggestions');
  const first = await shop.page.locator('.aa-Source').first().locator('.suggestion-text').first().textContent();
  await shop.page.keyboard.press('ArrowDown');
  await shop.page.keyboard.press('Enter');
  await shop.until('the query', () => shop.page.url(), (url) => url.includes('q=') || url.includes('in=') || url.includes('brand='));
  await shop.totalBecomes((n) => n > 0, `products for '${first}'`);
  await shop.close();
});

test('sorting by price goes up and down', async () => {
  const shop = await Shop.open();
  await shop.go('/?q=black');
  await shop.page.selectOption('.ais-SortBy-select', { label: 'Price: low to high' });
  const rising = (list) => list.length > 3 && list.every((price, k) => k === 0 || list[k - 1] <= price);
  await shop.until('prices', () => shop.prices(), rising);
  await shop.page.selectOption('.ais-SortBy-select', { label: 'Price: high to low' });
  await shop.until('prices', () => shop.prices(), (list) => rising([...list].reverse()));
  assert.match(shop.page.url(), /sort=price_desc|q=black/);
  await shop.close();
});

test('pages, addresses and the way back', async () => {
  const shop = await Shop.open();
  await shop.go('/?q=black');
  const shown = (titles) => titles.length > 0 && titles.every(Boolean); // cards are empty until the answer is there
  const first = await shop.until('the first page', () => shop.titles(), shown);
  await shop.page.click('.ais-Pagination-item--page >> text="2"');
  const second = await shop.until('the second page', () => shop.titles(), (titles) => shown(titles) && titles[0] !== first[0]);
  assert.equal(second.filter((title) => first.includes(title)).length < 3, true);
  await shop.until('the address', () => shop.page.url(), (url) => url.includes('page=2'));
  await shop.page.reload();
  assert.deepEqual(await shop.until('the second page again', () => shop.titles(), shown), second);
  await shop.page.goBack();
  await shop.until('the first page', () => shop.titles(), (titles) => titles[0] === first[0]);
  await shop.close();
});

test('an empty shelf says so', async () => {
  const shop = await Shop.open();
  await shop.go('/?q=qqzzxxvv');
  assert.match(await shop.page.textContent('.empty'), /This shelf is empty/);
  await shop.picture('desktop-empty');
  await shop.close();
});

test('words that nothing has are named', async () => {
  const shop = await Shop.open();
  await shop.go('/?q=wireless+headphones+qqzzxxvv');
  await shop.totalBecomes((n) => n > 0);
  assert.match(await shop.page.textContent('.notice'), /qqzzxxvv/);
  await shop.picture('desktop-fewer-words');
  await shop.close();
});

test('a slip of the finger is read as what was meant', async () => {
  const shop = await Shop.open();
  await shop.go('/?q=hedphones');
  await shop.totalBecomes((n) => n > 0);
  assert.match(await shop.page.textContent('.notice'), /Read hedphones as headphone/);
  await shop.close();
});
