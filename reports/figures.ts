/** What stands where nothing was recorded. */
const NO_FIGURE = '–';

/**
 * A duration for a person: three digits and the unit, `0.42 ms`, `84.1 ms`, `8.43 s`; from a minute on `2m 05s` and
 * `16h 40m`.
 */
export function formatMs(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return NO_FIGURE;
  if (ms < 0) return `-${formatMs(-ms)}`;
  if (ms < 999.5) return `${threeDigits(ms)} ms`;
  if (ms < 59_995) return `${threeDigits(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${twoDigits(seconds % 60)}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60).toLocaleString('en-US')}h ${twoDigits(minutes % 60)}m`;
}

/** `12,345`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `118.6`, `1,204`; per whatever the caller says. */
export function formatRate(rate: number): string {
  return rate.toLocaleString('en-US', { maximumFractionDigits: rate < 10 ? 2 : rate < 1000 ? 1 : 0 });
}

/** A share in percent; `100 %` and `0 %` only when it is exactly that, so that one lost device of 100,000 shows. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return NO_FIGURE;
  if (part === 0) return '0 %';
  if (part === whole) return '100 %';
  const percent = (100 * part) / whole;
  if (percent < 0.1) return '< 0.1 %';
  if (percent > 99.9) return '> 99.9 %';
  return `${(Math.floor(percent * 10) / 10).toLocaleString('en-US')} %`;
}

/** `2026-11-23 09:15:04 UTC`, from an ISO date. */
export function formatInstant(iso: string): string {
  return new Date(iso)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
}

function threeDigits(value: number): string {
  if (value === 0) return '0';
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
