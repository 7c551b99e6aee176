// Loaded before every entry (node --import), in plain JavaScript so that an old Node can say what is wrong with it.
const NEEDED = [22, 18]
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    `Kappa needs Node ${NEEDED.join('.')} or later and found ${process.versions.node} (${process.execPath}).\n` +
      'npm ci installs Node 22 beside the project on Linux (x64, arm64) and macOS (arm64), and npm scripts run on it;\n' +
      'elsewhere, or with optional dependencies left out, install Node 22 yourself.\n'
  )
  process.exit(1)
}
