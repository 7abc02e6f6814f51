/** The views that the page leads to, in their order. */
import type { View } from '../state/address.ts';
import type { IconName } from './icon.tsx';

export interface ViewLink {
  readonly view: View;
  readonly label: string;
  readonly icon: IconName;
}

export const VIEWS: readonly ViewLink[] = [
  { view: { kind: 'explore' }, label: 'Explore', icon: 'search' },
  { view: { kind: 'live' }, label: 'Live', icon: 'live' },
  { view: { kind: 'endpoints' }, label: 'Endpoints', icon: 'values' },
  { view: { kind: 'cluster' }, label: 'Cluster', icon: 'grid' },
];
