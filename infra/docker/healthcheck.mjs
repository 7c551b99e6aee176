// What a container says of itself, asked by the Node that is there anyway: exit code 0 when the process in it answers. With an
// argument, another path: `healthcheck.mjs /readyz`. A worker answers on a port of its own.
const port = process.env['KAPPA_WORKER_PORT'] || process.env['PORT'] || '8080'
const url = `http://127.0.0.1:${port}${process.argv[2] ?? '/livez'}`
const answer = await fetch(url, { signal: AbortSignal.timeout(4000) }).catch((error) => ({
  ok: false,
  status: error.cause?.code ?? error.name,
  text: async () => ''
}))
if (!answer.ok) {
  process.stderr.write(`${url}: ${answer.status} ${await answer.text()}\n`)
  process.exitCode = 1
}
