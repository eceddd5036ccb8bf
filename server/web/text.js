// Numbers and names as people read them.

const money = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const signs = { USD: '$', EUR: '€', GBP: '£', JPY: '¥' };

export const count = (n) => whole.format(n);
export const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;
export const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

export function amount(value, currency) {
  const code = currency || 'USD';
  return signs[code] ? `${signs[code]}${money.format(value)}` : `${money.format(value)} ${code}`;
}

// "battery_life" -> "Battery life"
export function attributeName(name) {
  if (name === 'color') return 'Colour';
  const words = name.replace(/[_.]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const lastLevel = (path) => String(path).split(' > ').pop();

// The price to pay, and the regular one where it is higher.
export function prices(item) {
  const regular = Number(item.price);
  const pay = item.effective_price !== undefined ? Number(item.effective_price) : regular;
  return { pay, regular: regular > pay ? regular : 0, saved: regular > pay ? Math.round((1 - pay / regular) * 100) : 0 };
}
