import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Compiles dps-rig for others into dist/: `npm pack ./dist` makes the tarball. Node strips types only outside of
// node_modules, hence the JavaScript; the layout is that of the checkout, so that everything finds its files.

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'dist');

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

const readManifest = (path: string): Manifest =>
  JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as Manifest;

const compiled = (path: string): string => path.replace(/\.ts$/, '.js');

/** What is not TypeScript: `filter` decides by the path in the checkout. */
function copy(path: string, filter: (path: string) => boolean = () => true): void {
  cpSync(join(root, path), join(out, path), { recursive: true, filter });
}

/** The manifest of the package, from that of the checkout. */
function packageManifest(): unknown {
  const {
    scripts: _s,
    devDependencies: _d,
    workspaces: _w,
    allowScripts: _a,
    private: _p,
    ...kept
  } = readManifest('.');
  const { overrides, dependencies, ...rest } = kept;
  const nodeTss = readManifest('simulators/tpm/node-tss');
  return {
    ...rest,
    bin: Object.fromEntries(Object.entries(kept.bin).map(([name, path]) => [name, compiled(path)])),
    exports: Object.fromEntries(
      Object.entries(kept.exports).map(([name, path]) => [
        name,
        path.endsWith('.ts') ? { types: path.replace(/\.ts$/, '.d.ts'), default: compiled(path) } : path,
      ]),
    ),
    // Overrides count only in the project that installs; the same packages as dependencies are found by all below.
    dependencies: { ...dependencies, ...overrides, ...nodeTss.dependencies, 'node-tss': nodeTss['version'] },
    bundleDependencies: ['node-tss'],
    // A machine without a compiler gets everything but keys outside of the process; `dps-rig doctor` tells.
    scripts: {
      install:
        'node-gyp rebuild -C simulators/tls-key || echo dps-rig: node-tls-key was not built. Install a C compiler, make and python3, then: npm rebuild dps-rig',
    },
  };
}

/** node-tss is found by its name, as in the checkout, where it is a workspace. */
function bundleNodeTss(): void {
  const from = join(out, 'simulators', 'tpm', 'node-tss');
  const to = join(out, 'node_modules', 'node-tss');
  cpSync(from, to, { recursive: true });
  rmSync(from, { recursive: true });
  const { private: _, ...manifest } = readManifest('simulators/tpm/node-tss');
  const exports = { types: './index.d.ts', default: './index.js' };
  writeFileSync(join(to, 'package.json'), `${JSON.stringify({ ...manifest, exports }, null, 2)}\n`);
}

rmSync(out, { recursive: true, force: true });
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
copy('scenarios');
copy('simulators/tls-key/binding.gyp');
copy('simulators/tls-key/src');
for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) copy(file);
copy('docs', (path) => !path.endsWith('/images'));
for (const file of readdirSync(join(root, 'reports'), { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.css')) continue;
  mkdirSync(dirname(join(out, 'reports', file)), { recursive: true });
  copy(join('reports', file));
}
bundleNodeTss();
const manifest = packageManifest();
writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
for (const path of Object.values((manifest as Manifest).bin)) chmodSync(join(out, path), 0o755);
