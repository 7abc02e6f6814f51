import { expect } from 'vitest';

/** @param labels  a query: `app=api&namespace=shop` */
export async function ingest(url: string, labels: string, body: string, token?: string): Promise<void> {
  const response = await fetch(`${url}/ingest?${labels}`, {
    method: 'POST',
    body,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  expect(response.status).toBe(200);
}
