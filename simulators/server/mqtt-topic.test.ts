import { describe, expect, it } from 'vitest';
import { filterMatches, isTopicFilter, isTopicName } from './mqtt-topic.ts';

// The examples of MQTT 3.1.1 §4.7.1.
describe('topic filters', () => {
  it.each([
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/#', 'sport', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['+', '/finance', false],
    ['#', '$SYS/monitor', false],
    ['+/monitor', '$SYS/monitor', false],
    ['$SYS/#', '$SYS/monitor', true],
    ['$dps/registrations/res/#', '$dps/registrations/res/202/?$rid=1', true],
  ])('%s for %s: %s', (filter, topic, matches) => {
    expect(filterMatches(filter, topic)).toBe(matches);
  });

  it.each(['#', 'sport/#', '+', '+/tennis/#', 'sport/+/player1', '/'])('takes %s', (filter) => {
    expect(isTopicFilter(filter)).toBe(true);
  });

  it.each(['', 'sport/tennis#', 'sport/tennis/#/ranking', 'sport+', 'a\u0000'])('refuses %j', (filter) => {
    expect(isTopicFilter(filter)).toBe(false);
  });

  it.each(['', 'a/+', 'a/#', 'a\u0000b'])('has no topic named %j', (topic) => {
    expect(isTopicName(topic)).toBe(false);
  });
});
