// For a pod that was started because some leg waits (KEDA): becomes a worker for one of those that do, and ends with 0 when none
// does any more. Of the first ten it takes any, so that ten pods that start together do not all ask for the same one; who comes
// second to a leg ends, and another pod is started for what still waits.
import pg from 'pg'

const AMONG = 10

const client = new pg.Client({ connectionString: process.env['DATABASE_URL'] })
await client.connect()
const { rows } = await client.query(
  `select data->>'runId' as run from pgboss.job
   where name = 'run-leg' and state in ('created', 'retry') and start_after <= now()
   order by priority desc, created_on, id limit $1`,
  [AMONG]
)
await client.end()
if (rows.length === 0) {
  process.stdout.write('no leg waits\n')
  process.exit(0)
}
const { run } = rows[Math.floor(Math.random() * rows.length)]
process.stdout.write(`for ${run}\n`)
const worker = process.argv[2] ?? 'src/bin/worker.ts'
const args = ['--import', './src/bin/check-node.mjs', worker]
// In this process' place: it is process 1, and the worker has to hear SIGTERM itself.
process.execve(process.execPath, [process.execPath, ...args], { ...process.env, KAPPA_WORKER_RUN: run })
