/**
 * The bytes of a symmetric key as IoT Edge reads them from a configuration: standard base64, with or without padding.
 *
 * @returns undefined when the text is none
 */
export function decodeKeyText(text: string): Uint8Array | undefined {
  const bare = text.replace(/={0,2}$/, '');
  if (bare === '' || bare.length % 4 === 1 || !/^[A-Za-z0-9+/]+$/.test(bare)) return undefined;
  if (bare.length !== text.length && text.length % 4 !== 0) return undefined;
  return new Uint8Array(Buffer.from(bare, 'base64'));
}

/** Whether the content of a key file looks like base64 text: the daemon takes the bytes of the file as they are. */
export const looksLikeBase64Text = (content: Uint8Array): boolean =>
  content.length >= 20 && /^[A-Za-z0-9+/]+={0,2}\s*$/.test(Buffer.from(content).toString('latin1'));
