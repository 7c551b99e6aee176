import { spawnSync } from 'node:child_process'
import { CHART, KUBERNETES, VALUES } from './chart.ts'

for (const values of VALUES) {
  const args = ['lint', '--strict', '--kube-version', KUBERNETES, '--values', values, CHART]
  const { status, stdout, stderr } = spawnSync('helm', args, { encoding: 'utf8' })
  if (status === 0) continue
  process.stderr.write(`${values}\n${stdout}${stderr}`)
  process.exitCode = 1
}
