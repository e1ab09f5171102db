import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentError } from '../kernel/errors.ts';
import { startRigContainer } from './rig-container.ts';

const SOCKET = 'p11-kit.sock';

/** Where Debian, Ubuntu, Fedora and Arch put p11-kit's client. */
const clientPaths = [
  '/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so',
  '/usr/lib/aarch64-linux-gnu/pkcs11/p11-kit-client.so',
  '/usr/lib64/pkcs11/p11-kit-client.so',
  '/usr/lib/pkcs11/p11-kit-client.so',
];

/** The path of p11-kit's client module, or undefined when it is not installed. */
export const findP11KitClient = (): string | undefined => clientPaths.find((path) => existsSync(path));

/** @throws EnvironmentError when p11-kit's client module is not installed */
export function requireP11KitClient(): string {
  const path = findP11KitClient();
  if (path !== undefined) return path;
  throw new EnvironmentError('p11-kit', 'p11-kit-client.so was not found', {
    hint: 'Install it: apt-get install p11-kit-modules',
  });
}

/** A SoftHSM in a container; the module that reaches it has to find `environment`. */
export interface SoftHsmContainer extends AsyncDisposable {
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Starts the image softhsm, as this user, behind a socket in a directory of ours.
 *
 * @param options.directory of ours, private: the socket goes into `run` in it
 * @param options.tokenDirectory its tokens, made elsewhere. Default: one new token in memory
 * @throws EnvironmentError as startRigContainer
 */
export async function startSoftHsmContainer(options: {
  readonly directory: string;
  readonly tokens: { readonly directory: string } | { readonly label: string; readonly pin: string };
  readonly tag?: string | undefined;
}): Promise<SoftHsmContainer> {
  const { tokens, tag } = options;
  const directory = join(options.directory, 'run');
  mkdirSync(directory, { mode: 0o700 });
  const content =
    'directory' in tokens
      ? { environment: { TOKEN_COUNT: '0' }, directories: { '/tokens': tokens.directory } }
      : {
          environment: { TOKEN_USER_PIN: tokens.pin, TOKEN_LABEL: tokens.label },
          memory: { '/tokens': 'mode=1777' },
        };
  const container = await startRigContainer({
    ...{ image: 'softhsm', tag, network: 'none' },
    ...content,
    directories: { ...content.directories, '/run/p11-kit': directory },
    user: `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
  });
  return {
    environment: { P11_KIT_SERVER_ADDRESS: `unix:path=${join(directory, SOCKET)}` },
    [Symbol.asyncDispose]: () => container[Symbol.asyncDispose](),
  };
}

/** SoftHSMs in containers, one for each directory of tokens; see `openTokenStore`. */
export const softHsmContainers = (): {
  readonly client: string;
  serve(softHsm: { readonly tokenDirectory: string }): Promise<SoftHsmContainer>;
} => ({
  client: requireP11KitClient(),
  serve: ({ tokenDirectory }) =>
    startSoftHsmContainer({ directory: join(tokenDirectory, '..'), tokens: { directory: tokenDirectory } }),
});
