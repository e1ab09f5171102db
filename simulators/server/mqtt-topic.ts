/** Whether a text may stand in an MQTT packet: no U+0000, and nothing that was no UTF-8. @see [MQTT-1.5.3-1], [MQTT-1.5.3-2] */
export const isMqttText = (text: string): boolean =>
  // The library puts U+FFFD for what it cannot decode; a client that means that character is not known.
  !text.includes('\u0000') && !text.includes('\ufffd');

/** @see [MQTT-4.7.3-1], [MQTT-3.3.2-2]: at least one character, no wildcards */
export const isTopicName = (text: string): boolean => text !== '' && isMqttText(text) && !/[#+]/.test(text);

/** `#` only as the whole last level, `+` only as a whole level. @see [MQTT-4.7.1-2], [MQTT-4.7.1-3] */
export function isTopicFilter(text: string): boolean {
  if (text === '' || !isMqttText(text)) return false;
  const levels = text.split('/');
  return levels.every(
    (level, index) => level === '+' || !/[#+]/.test(level) || (level === '#' && index === levels.length - 1),
  );
}

/** Whether a subscription takes a message in. @see MQTT 3.1.1 §4.7 */
export function filterMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  if (topic.startsWith('$') && /^[#+]/.test(filter)) return false; // [MQTT-4.7.2-1]
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true; // also the parent level
    if (index >= levels.length) return false;
    if (level !== '+' && level !== levels[index]) return false;
  }
  return wanted.length === levels.length;
}
