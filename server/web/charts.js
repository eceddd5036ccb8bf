// The reports' charts, as SVG: searches a day, clicks by position, the interval of a preference.

const ns = 'http://www.w3.org/2000/svg';

function svg(name, attributes = {}, ...children) {
  const e = document.createElementNS(ns, name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

const text = (x, y, content, anchor = 'middle') => svg('text', { x, y, 'text-anchor': anchor }, content);

// A round number at or above the largest value.
function ceiling(most) {
  const power = 10 ** Math.floor(Math.log10(most || 1));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= most) || 1;
}

function frame(width, height, left, label) {
  const chart = svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label });
  return { chart, left, bottom: height - 22, top: 12, right: width - 8 };
}

function grid(f, top, format) {
  for (let i = 0; i <= 4; i++) {
    const y = f.bottom - (f.bottom - f.top) * i / 4;
    f.chart.append(svg('line', { class: 'grid', x1: f.left, x2: f.right, y1: y, y2: y }), text(f.left - 6, y + 4, format(top * i / 4), 'end'));
  }
}

function withLegend(chart, entries) {
  const box = document.createElement('div');
  const legend = document.createElement('p');
  legend.className = 'legend';
  for (const [color, name] of entries) {
    const item = document.createElement('span');
    const dot = document.createElement('i');
    dot.style.background = color;
    item.append(dot, name);
    legend.append(item);
  }
  box.append(chart, legend);
  return box;
}

// Searches a day; of them those that were clicked, and those that found nothing.
export function bars(dates) {
  const f = frame(1180, 190, 48, 'Searches a day, clicked ones and empty ones among them');
  const top = ceiling(Math.max(...dates.map((d) => d.count)));
  const step = (f.right - f.left) / dates.length;
  const y = (count) => f.bottom - (f.bottom - f.top) * count / top;
  grid(f, top, (v) => String(Math.round(v * 10) / 10));
  dates.forEach((d, i) => {
    const x = f.left + i * step + step * 0.15;
    const width = step * 0.7;
    const bar = (name, from, count) => svg('rect', { class: name, x, width, y: y(from + count), height: Math.max(0, y(from) - y(from + count)), rx: 2 });
    const title = svg('title', {}, `${d.date}: ${d.count} searches, ${d.clickedCount} clicked, ${d.noResultCount} found nothing`);
    f.chart.append(svg('g', {}, title, bar('bar', 0, d.count), bar('bar-part', 0, d.clickedCount), bar('bar-bad', d.count - d.noResultCount, d.noResultCount)));
    if (i % Math.ceil(dates.length / 12) === 0) f.chart.append(text(x + width / 2, f.bottom + 16, d.date.slice(5)));
  });
  return withLegend(f.chart, [['#0f4238', 'clicked'], ['#9fc3b4', 'found something'], ['#e0a79f', 'found nothing']]);
}

// The share of impressions that are clicked, by position.
export function curve(positions) {
  const shown = positions.slice(0, 24);
  if (!shown.length) {
    const p = document.createElement('p');
    p.className = 'nothing';
    p.textContent = 'Nothing was shown in this range.';
    return p;
  }
  const rates = shown.map((p) => (p.impressionCount ? p.clickCount / p.impressionCount : 0));
  const f = frame(570, 210, 48, 'Share of impressions that are clicked, by position');
  const top = ceiling(Math.max(...rates) * 100);
  const step = (f.right - f.left) / shown.length;
  const x = (i) => f.left + step * (i + 0.5);
  const y = (rate) => f.bottom - (f.bottom - f.top) * 100 * rate / top;
  grid(f, top, (v) => `${Math.round(v * 10) / 10} %`);
  f.chart.append(svg('polyline', { class: 'line', points: rates.map((r, i) => `${x(i)},${y(r)}`).join(' ') }));
  shown.forEach((p, i) => {
    const title = svg('title', {}, `Position ${p.position}: ${p.clickCount} clicks of ${p.impressionCount} impressions`);
    f.chart.append(svg('circle', { class: 'dot', cx: x(i), cy: y(rates[i]), r: 4 }, title));
    if (shown.length <= 12 || i % 2 === 0) f.chart.append(text(x(i), f.bottom + 16, String(p.position)));
  });
  return f.chart;
}

// From "all prefer A" to "all prefer B", with the interval.
export function interval(result) {
  const f = frame(570, 74, 30, `Preference ${result.preference.toFixed(3)}, from ${result.low.toFixed(3)} to ${result.high.toFixed(3)}`);
  const x = (value) => f.left + (f.right - 22 - f.left) * (value + 1) / 2;
  const middle = 28;
  f.chart.append(
    svg('line', { class: 'grid', x1: x(-1), x2: x(1), y1: middle, y2: middle }),
    svg('line', { class: 'grid', x1: x(0), x2: x(0), y1: 10, y2: 46 }),
    svg('rect', { class: 'bar', x: x(result.low), width: Math.max(2, x(result.high) - x(result.low)), y: middle - 7, height: 14, rx: 7 }),
    svg('circle', { class: 'dot', cx: x(result.preference), cy: middle, r: 6 }),
    text(x(-1), 64, 'all prefer A', 'start'), text(x(0), 64, 'alike'), text(x(1), 64, 'all prefer B', 'end'));
  return f.chart;
}
