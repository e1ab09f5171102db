/**
 * A process that makes tokens: reads its job from descriptor 3, writes a line there for each token, and ends. It ends
 * too when the other side does.
 */
import { once } from 'node:events';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { toBase64 } from '../kernel/bytes.ts';
import { provisionToken } from './provision-token.ts';
import { createSoftHsm, startSoftHsm } from './softhsm.ts';
import { factoryJob, type ManufacturedToken } from './token-factory.ts';
import { readTokenImage } from './token-image.ts';

const channel = new Socket({ fd: 3, readable: true, writable: true });
channel.on('close', () => process.exit());
const [line] = (await once(createInterface({ input: channel }), 'line')) as [string];
const { directory, tokens } = factoryJob.parse(JSON.parse(line));
const softHsm = createSoftHsm(directory);
const cryptoki = startSoftHsm(softHsm);

for (const request of tokens) {
  const { serial, publicKey } = provisionToken(cryptoki, request);
  const made: ManufacturedToken = {
    label: request.label,
    serial,
    ...(publicKey === undefined ? {} : { publicKey: toBase64(publicKey) }),
    image: readTokenImage(softHsm.tokenDirectory, serial),
  };
  channel.write(`${JSON.stringify(made)}\n`);
  await nextTurn(); // so that the line goes out, and the end of the other side is seen
}
channel.end();
