import { describe, expect, it } from 'vitest';
import { expandMatrix } from './expand.ts';
import { parseScenario } from './load-scenario.ts';
import { parseDeviceFault, withDeviceFault } from './order-fault.ts';

const scenario = parseScenario(
  `name = "s"
[[fleet]]
devices = 200
attestation = "symmetric-key"
[[fleet]]
devices = 100
attestation = ["x509", "tpm"]
`,
  's.toml',
);
const devicesByCell = (order: string): Record<string, number> => {
  const parsed = parseDeviceFault(order) ?? expect.unreachable();
  const cells = expandMatrix(withDeviceFault(scenario, parsed)).filter(({ devices }) => devices > 0);
  return Object.fromEntries(
    cells.map(({ attestation, fault, devices }) => [`${attestation} ${fault ?? 'none'}`, devices]),
  );
};

describe('parseDeviceFault', () => {
  it.each([
    ['wrong-key', 'wrong-key', 1],
    ['tpm-hangs=5%', 'tpm-hangs', 0.05],
    ['tpm.hangs', 'tpm-hangs', 1],
    ['tpm.srk-missing=0.5', 'srk-missing', 0.5],
  ])('reads %s', (text, fault, share) => {
    expect(parseDeviceFault(text)).toEqual({ fault, share });
  });

  it.each(['throttle=20%', 'tpm.lockout', ''])('leaves %j to others', (text) => {
    expect(parseDeviceFault(text)).toBeUndefined();
  });

  it.each(['wrong-key=0%', 'wrong-key=101%', 'wrong-key=many'])('refuses %s', (text) => {
    expect(() => parseDeviceFault(text)).toThrow(/expected a share of the devices/);
  });
});

describe('withDeviceFault', () => {
  it('takes a share of each entry that can make the mistake', () => {
    expect(devicesByCell('wrong-key=10%')).toEqual({
      'symmetric-key none': 180,
      'symmetric-key wrong-key': 20,
      'x509 none': 45,
      'tpm none': 45,
      'x509 wrong-key': 10,
    });
  });

  it('leaves entries alone that cannot', () => {
    expect(devicesByCell('tpm.hangs=50%')).toEqual({
      'symmetric-key none': 200,
      'x509 none': 25,
      'tpm none': 25,
      'tpm tpm-hangs': 50,
    });
  });

  it.each(['eflow-tpm-off', 'missing-intermediate', 'wrong-key=0.1%'])('refuses %s', (order) => {
    expect(() => devicesByCell(order)).toThrow(/no device of this scenario can make that mistake/);
  });
});
