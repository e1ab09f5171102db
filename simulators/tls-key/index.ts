export { TlsKeyError } from './errors.ts';
export { loadTlsKeys, probeTlsKeys, tlsKeysUnavailable } from './native.ts';
export { type RegisteredKey, registerKey, type TlsKeyOptions } from './register-key.ts';
export { digestInfo, type SignatureHash, type SignRequest } from './sign-request.ts';
