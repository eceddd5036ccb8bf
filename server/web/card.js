// A product on its shelf, as InstantSearch's hits show it.
import { picture } from './art.js';
import { departmentOf, tintOf } from './departments.js';
import { liveItem } from './live.js';
import { prices } from './text.js';

const star = 'M10 1.600l2.500 5.200 5.700.800-4.100 4 .950 5.700L10 14.600l-5.050 2.700.950-5.700-4.100-4 5.700-.800z';

export function stars(item, html) {
  const rating = Number(item.rating);
  if (!rating) return html`<span class="rating rating-none">Not rated yet</span>`;
  return html`<span class="rating" aria-label=${`Rated ${rating.toFixed(1)} of 5`}>
    <svg viewBox="0 0 20 20" aria-hidden="true"><path d=${star} /></svg>
    <strong>${rating.toFixed(1)}</strong>
    <span class="rating-count">${item.rating_count ? `(${Number(item.rating_count).toLocaleString('en-US')})` : ''}</span>
  </span>`;
}

export function card(schema) {
  return (hit, { html, components }) => {
    const { saved } = prices(hit);
    const title = hit[schema.title] || hit.objectID;
    const variants = hit[schema.group] ? html`<span class="card-variants">More options</span>` : '';
    const from = hit.__queryID ? { 'data-query': hit.__queryID, 'data-id': hit.objectID, 'data-position': hit.__position } : {};
    return html`<article class="card" ...${from} style=${`--tint:${tintOf(departmentOf(hit, schema.category))}`}>
      <div class="card-picture" dangerouslySetInnerHTML=${{ __html: picture(hit) }}></div>
      <div class="card-flags">${saved ? html`<span class="flag">−${saved} %</span>` : ''}</div>
      <div class="shelf">
        <price-tag item=${liveItem(hit)}></price-tag>
        <stock-level item=${liveItem(hit)}></stock-level>
      </div>
      <div class="card-text">
        <p class="card-brand">${hit._highlightResult && hit._highlightResult[schema.brand]
          ? components.Highlight({ hit, attribute: schema.brand }) : hit[schema.brand] || ' '}</p>
        <h3 class="card-title">
          <a href=${`#/product/${encodeURIComponent(hit.objectID)}`}>${hit._highlightResult && hit._highlightResult[schema.title]
            ? components.Highlight({ hit, attribute: schema.title }) : title}</a>
        </h3>
        <p class="card-foot">${stars(hit, html)}${variants}</p>
      </div>
    </article>`;
  };
}
