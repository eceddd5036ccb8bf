// A real browser on the storefront page. AISLE_URL is the server, AISLE_SCREENSHOTS a folder for pictures.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

export const base = process.env.AISLE_URL || 'http://127.0.0.1:7700';
const folder = process.env.AISLE_SCREENSHOTS || 'build/test/screenshots';
mkdirSync(folder, { recursive: true });

let browser = null;

export async function openBrowser() {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
}

export const closeBrowser = () => browser?.close();

const countShifts = () => {
  window.shifts = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
};

// A page of its own, which fails the test when the console saw an error.
export class Shop {
  static async open({ width = 1440, height = 900, touch = false } = {}) {
    const shop = new Shop();
    shop.context = await browser.newContext({ viewport: { width, height }, hasTouch: touch, isMobile: touch });
    shop.page = await shop.context.newPage();
    shop.page.setDefaultTimeout(15000);
    shop.errors = [];
    shop.page.on('console', (message) => {
      if (message.type() === 'error') shop.errors.push(message.text());
    });
    shop.page.on('pageerror', (error) => shop.errors.push(error.message));
    await shop.page.addInitScript(countShifts);
    return shop;
  }

  async close() {
    await this.context.close();
    assert.deepEqual(this.errors, [], 'the console has no errors');
  }

  async go(address) {
    await this.page.goto(base + address);
    await this.page.waitForSelector('.card, .empty');
  }

  picture(name) {
    return this.page.screenshot({ path: `${folder}/${name}.png` });
  }

  // Waits until `get` gives what `accept` takes, and returns it.
  async until(what, get, accept, timeout = 10000) {
    const end = Date.now() + timeout;
    let value;
    do {
      value = await get();
      if (accept(value)) return value;
      await this.page.waitForTimeout(50);
    } while (Date.now() < end);
    assert.fail(`${what}: still ${JSON.stringify(value)}`);
  }

  total() {
    return this.page.textContent('#stats').then((text) => Number((/([\d,]+) product/.exec(text || '') || ['', '-1'])[1].replaceAll(',', '')));
  }

  totalBecomes(accept, what = 'the number of products') {
    return this.until(what, () => this.total(), accept);
  }

  titles() {
    return this.page.locator('.card-title').allTextContents();
  }

  // What is to be paid, by the labels on the shelves.
  prices() {
    return this.page.locator('.card price-tag .price').evaluateAll((all) => all.map((e) => Number(e.getAttribute('aria-label').replace(/[^\d.]/g, ''))));
  }
}

export async function api(method, path, body) {
  const answer = await fetch(`${base}/1/indexes/${path}`, { method, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.json();
}
