/** Light or dark: as the system has it, unless one was chosen. */
import { computed, effect, signal } from '@preact/signals';
import { stored } from './stored.ts';

const DARK = matchMedia('(prefers-color-scheme: dark)');
const chosen = stored<'light' | 'dark' | 'system'>('theme', 'system');
const systemIsDark = signal(DARK.matches);
DARK.addEventListener('change', () => (systemIsDark.value = DARK.matches));

export const isDark = computed(() => (chosen.value === 'system' ? systemIsDark.value : chosen.value === 'dark'));

export function followTheme(): void {
  effect(() => {
    document.documentElement.dataset['theme'] = isDark.value ? 'dark' : 'light';
  });
}

export function toggleTheme(): void {
  chosen.value = isDark.value ? 'light' : 'dark';
}
