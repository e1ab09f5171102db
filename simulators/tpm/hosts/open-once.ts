import { InvariantError } from '../../kernel/errors.ts';
import type { HostedTpm, TpmHost } from '../tpm-host.ts';

/** Keeps account of a host's open TPMs: each at most once, none left open when the host closes. */
export function openOnce(open: TpmHost['open']): Pick<TpmHost, 'open'> & AsyncDisposable {
  const opened = new Map<string, Promise<HostedTpm>>();
  return {
    open: async (tpm, signal) => {
      const { tpmId } = tpm;
      if (opened.has(tpmId)) {
        throw new InvariantError(
          `TPM ${tpmId} is open already: two owners would each keep half of its state`,
        );
      }
      const opening = open(tpm, signal);
      opened.set(tpmId, opening);
      const release = (): void => {
        opened.delete(tpmId);
      };
      const hosted = await opening.catch((error: unknown) => {
        release();
        throw error;
      });
      return {
        use: (flow, flowSignal) => hosted.use(flow, flowSignal),
        [Symbol.asyncDispose]: async () => {
          await hosted[Symbol.asyncDispose]();
          release();
        },
      };
    },
    [Symbol.asyncDispose]: async () => {
      const closing = [...opened.values()].map(async (opening) => {
        const hosted = await opening.catch(() => undefined);
        await hosted?.[Symbol.asyncDispose]();
      });
      await Promise.all(closing);
      opened.clear();
    },
  };
}
