// What shoppers do, told to the server as events: clicks on products that a search showed, things taken off the shelf.
// Nobody is followed: events name searches and products, not people.
import { index } from './client.js';

const SETTLED_MS = 1000;
const cameFrom = new Map(); // the search that led to a product

function send(event) {
  const body = JSON.stringify({ events: [{ index, ...event }] });
  fetch('/1/events', { method: 'POST', body, keepalive: true }).catch(() => {});
}

// Searches get ids at once, but only those that stay a moment are logged: "ket" on the way to "kettle" is nobody's search.
export const analytics = {
  $$type: 'aisle.analytics',
  timer: 0,
  init({ helper }) {
    this.helper = helper;
  },
  render({ results }) {
    clearTimeout(this.timer);
    if (!results || results._state.analytics) return;
    this.timer = setTimeout(() => {
      this.helper.overrideStateWithoutTriggeringChangeEvent(this.helper.state.setQueryParameter('analytics', true)).search();
    }, SETTLED_MS);
  },
  dispose() {
    clearTimeout(this.timer);
  },
};

export function watchClicks(root) {
  root.addEventListener('click', (event) => {
    const card = event.target.closest('a') && event.target.closest('[data-query]');
    if (!card) return;
    const { query, id, position } = card.dataset;
    cameFrom.set(id, query);
    send({ eventType: 'click', eventName: 'Product clicked', queryID: query, objectIDs: [id], positions: [Number(position)] });
  });
}

export function taken(item, price) {
  const queryID = cameFrom.get(item.objectID);
  send({
    eventType: 'conversion',
    eventSubtype: 'addToCart',
    eventName: 'Taken off the shelf',
    objectIDs: [item.objectID],
    ...(queryID ? { queryID } : {}),
    ...(Number.isFinite(price) ? { objectData: [{ price, quantity: 1 }], currency: item.currency } : {}),
  });
}
