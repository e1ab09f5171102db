import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { finalizeCryptoki, loadWithEnvironment } from '../pkcs11/cryptoki.ts';
import { deviceKeyName, newPin } from '../pkcs11/provision-token.ts';
import { createTokenHost } from '../pkcs11/token-host.ts';
import { generateKeyPair } from '../pkcs11/token-objects.ts';
import { formatPkcs11Uri } from '../pkcs11/uri.ts';
import type { KeyAlgorithm } from '../pki/key-pair.ts';
import { openScratchDirectory } from '../processes/scratch-directory.ts';
import { requireP11KitClient, startSoftHsmContainer } from './softhsm-container.ts';

/** A token in a container of its own, with a key pair that was made in it; reached by p11-kit. */
export interface ContainerToken extends AsyncDisposable {
  readonly label: string;
  readonly pin: string;
  /** Of the private key, with `module-path` and `pin-source`. */
  readonly keyUri: string;
  /** p11-kit's client, a copy for this token, started in this process. */
  readonly modulePath: string;
  /** What programs in other processes need for the module to find the token. */
  readonly environment: Readonly<Record<string, string>>;
}

const LABEL = 'dps-rig';

/**
 * Starts the image softhsm with one token, in memory, and has it make a key pair. For the main thread.
 *
 * @throws EnvironmentError without p11-kit's client on this machine, and as {@link startRigContainer}
 */
export async function openContainerToken(options: {
  readonly algorithm: KeyAlgorithm;
  readonly tag?: string | undefined;
}): Promise<ContainerToken> {
  const client = requireP11KitClient();
  await using resources = new AsyncDisposableStack();
  const scratch = resources.use(await openScratchDirectory({ name: 'p11-kit', holdsModules: true }));
  const pin = newPin();
  const { environment } = resources.use(
    await startSoftHsmContainer({
      directory: scratch.path,
      tokens: { label: LABEL, pin },
      tag: options.tag,
    }),
  );

  // A file of its own is a module of its own, with a connection of its own.
  const modulePath = join(scratch.path, 'p11-kit-client.so');
  copyFileSync(client, modulePath);
  loadWithEnvironment(modulePath, environment);
  resources.defer(() => finalizeCryptoki(modulePath));

  const pinFile = join(scratch.path, 'pin');
  writeFileSync(pinFile, pin, { mode: 0o600 });
  const keyUri = formatPkcs11Uri({
    ...{ token: LABEL, object: deviceKeyName.label, id: deviceKeyName.id, type: 'private' },
    ...{ pinSource: pathToFileURL(pinFile).href, modulePath },
  });
  const session = createTokenHost().openSession(keyUri);
  try {
    generateKeyPair(session, options.algorithm, deviceKeyName);
  } finally {
    session.close();
  }
  const running = resources.move();
  return {
    ...{ label: LABEL, pin, keyUri, modulePath, environment },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
