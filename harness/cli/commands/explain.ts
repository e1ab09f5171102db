import type { Command } from 'commander';
import { UsageError } from '../../../simulators/kernel/errors.ts';
import { explain, explanations } from '../../explain/explain.ts';
import { type Cause, type Explanation, layers } from '../../explain/explanation.ts';

/** `dps-rig explain`: what a code of any layer means, what causes it, how to tell the causes apart. Offline. */
export function addExplainCommand(program: Command): void {
  program
    .command('explain')
    .description(
      'explain an error code or text of DPS, IoT Hub, TPM, PKCS #11, TLS, MQTT, AMQP or an IoT Edge device',
    )
    .argument('[what...]', 'e.g. 401002, 0x98E, CKR_PIN_LOCKED, "Unit tpm.service could not be found"')
    .option('--json', 'as JSON')
    .action((words: readonly string[], { json = false }: { readonly json?: boolean }) => {
      const query = words.join(' ');
      const found = query === '' ? [] : explain(query);
      if (query !== '' && found.length === 0) throw unknown(query);
      if (json)
        process.stdout.write(`${JSON.stringify(query === '' ? explanations() : found, undefined, 2)}\n`);
      else process.stdout.write(`${query === '' ? overview() : found.map(describe).join('\n\n')}\n`);
    });
}

function describe({ layer, code, number, name, means, causes = [], source }: Explanation): string {
  const hexadecimal = number === undefined ? undefined : `0x${number.toString(16).toUpperCase()}`;
  const also = [name, hexadecimal].filter((word) => word !== undefined && word !== code);
  return [
    `${code}${also.length === 0 ? '' : ` (${also.join(', ')})`}  [${layer}]`,
    `  ${means}`,
    ...causes.flatMap(describeCause),
    `  source: ${source}`,
  ].join('\n');
}

const describeCause = ({ because, tell, fix, reproduce }: Cause, index: number): string[] => [
  '',
  `  ${index + 1}. ${because}`,
  `     look at:   ${tell}`,
  `     fix:       ${fix}`,
  ...(reproduce === undefined ? [] : [`     reproduce: ${reproduce}`]),
];

function overview(): string {
  const counts = layers.map((layer) => {
    const of = explanations().filter((explanation) => explanation.layer === layer);
    return `  ${layer.padEnd(8)} ${String(of.length).padStart(3)}  ${of
      .slice(0, 4)
      .map(({ code }) => code)
      .join(', ')} …`;
  });
  return [
    'What can be explained:',
    ...counts,
    '',
    'Give a code, a name or a line out of a log; --json for all.',
  ].join('\n');
}

const unknown = (query: string): UsageError =>
  new UsageError(`nothing is known of \`${query}\``, {
    hint: 'Give the bare code or a characteristic part of the text; `dps-rig explain` lists the layers.',
  });
