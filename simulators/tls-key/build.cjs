// The install script of npm: builds the addon, and where that cannot be done says so and lets the installation go on.
// TLS with keys in a token or TPM is then missing, and `dps-rig doctor` and registerKey say how to get it.
const { spawnSync } = require('node:child_process');

const { status, error } = spawnSync('node-gyp', ['rebuild'], {
  cwd: __dirname,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (error !== undefined || status !== 0) {
  console.error(
    'node-tls-key: not built. Install a C compiler, make and python3, then: npm rebuild node-tls-key',
  );
}
