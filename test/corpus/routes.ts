/**
 * The routes of the API that the corpus pretends to be: what is asked for, how often, and how long it takes. A path's
 * `{id}` becomes a number, so that a few routes have many paths, as in real logs.
 */

/** `{id}` is the request's own user (`user`), or some other thing's number (`thing`). */
type IdKind = 'none' | 'user' | 'thing';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with at most one `{id}`. */
  readonly path: string;
  readonly id: IdKind;
  /** Relative frequency. */
  readonly weight: number;
  /** Multiplies the common latency. */
  readonly slowness: number;
}

export const ROUTES: readonly Route[] = [
  route('GET', '/healthz', 60, 0.05),
  route('GET', '/api/session', 90, 0.3),
  route('GET', '/api/users/{id}', 110, 0.6),
  route('GET', '/api/users/{id}/orders', 80, 1.4),
  route('GET', '/api/users/{id}/settings', 40, 0.5),
  route('GET', '/api/users/{id}/notifications', 60, 0.8),
  route('GET', '/api/products', 70, 1.8),
  route('GET', '/api/products/{id}', 120, 0.7),
  route('GET', '/api/products/{id}/reviews', 35, 1.5),
  route('GET', '/api/products/{id}/stock', 45, 0.4),
  route('GET', '/api/search', 65, 4),
  route('GET', '/api/search/suggest', 50, 0.9),
  route('GET', '/api/orders', 40, 2),
  route('GET', '/api/orders/{id}', 75, 0.9),
  route('GET', '/api/orders/{id}/items', 30, 1.1),
  route('GET', '/api/orders/{id}/invoice', 12, 3.5),
  route('GET', '/api/cart', 60, 0.5),
  route('GET', '/api/categories', 25, 0.6),
  route('GET', '/api/categories/{id}', 25, 0.8),
  route('GET', '/api/shipments/{id}', 20, 1.2),
  route('GET', '/api/payments/{id}', 15, 1.3),
  route('GET', '/api/coupons/{id}', 8, 0.6),
  route('GET', '/api/reports/daily', 2, 40),
  route('GET', '/metrics', 20, 0.2),
  route('POST', '/api/session', 35, 5),
  route('POST', '/api/users', 6, 6),
  route('POST', '/api/orders', 30, 6),
  route('POST', '/api/orders/{id}/cancel', 4, 3),
  route('POST', '/api/cart/items', 55, 1),
  route('POST', '/api/payments', 28, 12),
  route('POST', '/api/products/{id}/reviews', 6, 2),
  route('POST', '/api/events', 60, 0.3),
  route('POST', '/graphql', 25, 3),
  route('PUT', '/api/users/{id}/settings', 8, 1.5),
  route('PUT', '/api/cart', 12, 1),
  route('PUT', '/api/shipments/{id}', 5, 2),
  route('PATCH', '/api/users/{id}', 7, 1.5),
  route('PATCH', '/api/orders/{id}', 5, 2),
  route('DELETE', '/api/cart/items/{id}', 14, 0.8),
  route('DELETE', '/api/session', 10, 0.5),
];

function route(method: Route['method'], path: string, weight: number, slowness: number): Route {
  const id = !path.includes('{id}') ? 'none' : path.includes('/users/') ? 'user' : 'thing';
  return { method, path, id, weight, slowness };
}
