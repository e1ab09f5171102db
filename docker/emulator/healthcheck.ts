import { readFile } from 'node:fs/promises';
import { request } from 'node:https';

// Asks as a device without a token, by the name that devices use and trusting what they trust: DPS must refuse it itself.
const ca = await readFile('/trust/ca.crt');
const asked = request(
  {
    ...{ host: '127.0.0.1', servername: 'global.azure-devices-provisioning.net', ca, method: 'POST' },
    path: '/health/registrations/health?api-version=2021-06-01',
    headers: { 'Content-Type': 'application/json' },
    timeout: 4000,
  },
  (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    answer.on('end', () => {
      process.stdout.write(`${answer.statusCode} ${body}\n`);
      process.exitCode = answer.statusCode === 401 && body.includes('errorCode') ? 0 : 1;
    });
  },
);
asked.on('timeout', () => asked.destroy(new Error('no answer within 4 s')));
asked.on('error', (error) => {
  process.stdout.write(`${error.message}\n`);
  process.exitCode = 1;
});
asked.end('{"registrationId":"health"}');
