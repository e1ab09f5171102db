import provisioning from 'azure-iot-provisioning-device-mqtt'; // CommonJS whose names Node cannot see from outside
import { connackRefusal } from '../../transport/mqtt-session.ts';
import type { LastAnswer } from './azure-sdk-http.ts';
import { ObservedBase, type ObservedBaseSetup } from './azure-sdk-mqtt-base.ts';
import { observeRequests } from './azure-sdk-observer.ts';

/** The SDK's MQTT transport, as in its package, on a connection that we open and watch. */
export function createSdkMqtt(kind: 'mqtt' | 'mqtt-ws', setup: ObservedBaseSetup) {
  const base = new ObservedBase(kind, setup);
  const Transport = kind === 'mqtt' ? provisioning.Mqtt : provisioning.MqttWs;
  // The transport's package has a copy of the base package of its own: the same class, declared twice.
  const transport = new Transport(base as unknown as ConstructorParameters<typeof Transport>[0]);
  transport.on('error', () => undefined); // told by every callback too; without a listener it would be thrown
  const { recorder, clock, onFailure } = setup;
  const observer = observeRequests(transport, {
    recorder,
    clock,
    onFailure,
    onAnswer: answerOf,
    connectedAtMs: () => base.connectedAtMs,
  });
  return {
    transport,
    get connected() {
      return base.connectedAtMs !== undefined;
    },
    get lastAnswer() {
      return observer.lastAnswer();
    },
    close: () => base.close(),
  };
}

/** A refusal by topic or by CONNACK, in the terms of HTTPS. */
function answerOf(error: unknown): LastAnswer | undefined {
  const { code, response } = (error ?? {}) as {
    code?: unknown;
    response?: { topic?: unknown; payload?: unknown };
  };
  const [, status] = /\/res\/(\d+)\//.exec(String(response?.topic)) ?? [];
  if (status !== undefined) {
    return { status: Number(status), body: JSON.stringify(response?.payload), retryAfter: undefined };
  }
  const refusal = typeof code === 'number' ? connackRefusal(code) : undefined;
  if (refusal === undefined) return undefined;
  const { status: refused, message } = refusal;
  return { status: refused, body: JSON.stringify({ message }), retryAfter: undefined };
}
