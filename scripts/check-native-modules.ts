import { createRequire } from 'node:module';
import { tlsKeysUnavailable } from '../simulators/tls-key/index.ts';

/** Loads each native module once, so that a broken build shows at set-up and not in the middle of a run. */
const nativeModules = ['koffi', 'pkcs11js', 'ffi-napi', 'ref-napi'];

const require = createRequire(import.meta.url);
let failures = 0;
for (const name of nativeModules) {
  try {
    require(name);
  } catch (error) {
    failures += 1;
    process.stderr.write(`setup: ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write(`setup: to build it again: npm rebuild ${name}\n`);
  }
}

// Without this one only TLS with keys in a token or TPM is missing: said here, and by `dps-rig doctor`.
const unavailable = tlsKeysUnavailable();
if (unavailable !== undefined) {
  process.stderr.write(`setup: ${unavailable.message}; ${unavailable.hint ?? ''}\n`);
}
process.exitCode = failures === 0 ? 0 : 3;
