import type { WireRecord } from '../../simulators/index.ts';

/** Columns before the text: time, how long, layer. */
const TIME_COLUMNS = 10;
const LAYER_COLUMNS = 7;
const BESIDE = TIME_COLUMNS * 2 + LAYER_COLUMNS + 5;

/**
 * What went by between a device and others, a line each, with its fields below.
 *
 * @param options.layers only these. Default: all
 * @param options.fields whether fields are shown
 */
export function describeTrace(
  wire: readonly WireRecord[],
  {
    layers,
    fields = true,
  }: { readonly layers?: ReadonlySet<string> | undefined; readonly fields?: boolean } = {},
): readonly string[] {
  const shown = layers === undefined ? wire : wire.filter(({ layer }) => layers.has(layer));
  return [
    `${'at'.padStart(TIME_COLUMNS)} ${'took'.padStart(TIME_COLUMNS)}  ${'layer'.padEnd(LAYER_COLUMNS)}  what`,
    ...shown.flatMap(({ atMs, durationMs, layer, text, fields: named = {} }) => [
      `${milliseconds(atMs)} ${durationMs === 0 ? ''.padStart(TIME_COLUMNS) : milliseconds(durationMs)}  ${layer.padEnd(LAYER_COLUMNS)}  ${text}`,
      ...(fields ? Object.entries(named) : []).map(
        ([name, value]) => `${' '.repeat(BESIDE)}${name}: ${value}`,
      ),
    ]),
  ];
}

const milliseconds = (ms: number): string => `${ms.toFixed(2)} ms`.padStart(TIME_COLUMNS);
