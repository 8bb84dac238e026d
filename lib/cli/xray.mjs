#!/usr/bin/env node
/** `xray <command>`: plain JavaScript for Node >= 20.9. Sets the machine up, then runs the command with the pinned Node. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { installDependencies, pinnedNode, root } from './setup.mjs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 9)) {
  process.stderr.write(`xray: Node ${process.versions.node} is too old: install Node 20.9 or newer\n`);
  process.exit(2);
}
installDependencies();
const command = spawn(pinnedNode(), [join(root, 'lib/cli/xray.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => command.kill(signal));
command.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
