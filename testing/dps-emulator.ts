import { createTestPki, issueServerTls, openTestPki, startDps } from '../simulators/index.ts';
import { DpsSettingsBuilder } from './dps-settings.ts';
import { type StartedDpsEmulator, startedDpsEmulator } from './started-dps-emulator.ts';

/**
 * A Device Provisioning Service with its hubs in this process, on free ports of 127.0.0.1.
 *
 * @example `await using dps = await new DpsEmulator().withIdScope('0ne00000001').start();`
 */
export class DpsEmulator extends DpsSettingsBuilder {
  /**
   * @throws UsageError when a hub's name has no dot, or a rule or its variant does not exist
   * @throws EnrollmentError for an enrollment that the service would refuse
   */
  async start(): Promise<StartedDpsEmulator> {
    const { authority, enrollments = [], ...options } = this.settings;
    const pki = await (authority === undefined ? createTestPki() : openTestPki(authority));
    const tls = await issueServerTls(pki, ADDRESS, options.hubs);
    await using resources = new AsyncDisposableStack();
    const dps = resources.use(await startDps({ ...options, tls, address: ADDRESS }));
    await dps.control.enroll(enrollments);
    const info = await dps.control.info();
    const running = resources.move();
    return startedDpsEmulator({
      info,
      control: dps.control,
      host: 'localhost',
      ports: { https: dps.https.port, mqtt: dps.mqtt.port, amqp: dps.amqp.port },
      serviceConnectionString: dps.serviceConnectionString,
      stop: () => running.disposeAsync(),
    });
  }
}

const ADDRESS = '127.0.0.1';
