/**
 * Stands in for src/bin/ingester.ts: the first source's content says what to do: `pack`, `fail`,
 * `fail <message>`, `exit`, `kill`,
 * `kill <marker>`, `hang <marker>` (which writes its process id there), `wait <marker>` (packs when that file is there).
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { IngestMessage, IngestRequest } from '../../src/protocol/ingest-messages.ts'

const say = (message: IngestMessage): void => void process.send!(message)

async function ingest({ sources, outFolder, classes }: IngestRequest): Promise<void> {
  const path = sources[0]?.path ?? ''
  const text = statSync(path).isDirectory()
    ? `pack ${readdirSync(path, { recursive: true }).sort().join(' ')}`
    : readFileSync(path, 'utf8')
  const [how, marker] = text.split(' ')
  if (how === 'kill' && !(marker && existsSync(marker))) {
    if (marker) writeFileSync(marker, '')
    process.kill(process.pid, 'SIGKILL')
  }
  if (how === 'hang') {
    writeFileSync(marker ?? '', String(process.pid))
    return
  }
  while (how === 'wait' && !existsSync(marker ?? '')) await new Promise((resolve) => setTimeout(resolve, 10))
  if (how === 'exit') throw new Error('scripted crash')
  if (how === 'fail') {
    say({ type: 'failed', code: 'archive_invalid', message: marker ?? 'scripted failure', details: {} })
    process.disconnect?.()
    return
  }
  say({ type: 'progress', images: 1, rejected: 1 })
  const sha256 = createHash('sha256').update(text).digest('hex')
  const shard = { name: 'shard-00000.bin', index: 'shard-00000.jsonl', images: 2, bytes: text.length, sha256 }
  const manifest = {
    format: 'kappa-dataset/1',
    images: 2,
    bytes: text.length,
    classes: classes ?? null,
    contentHash: sha256,
    shards: [{ ...shard, indexSha256: sha256 }],
    rejected: 1,
    duplicates: 0,
    sizes: { '32x32': 2 }
  } as const
  for (const name of [shard.name, shard.index, 'rejected.jsonl']) writeFileSync(join(outFolder, name), text)
  writeFileSync(join(outFolder, 'manifest.json'), JSON.stringify(manifest))
  say({ type: 'done', manifest })
  process.disconnect?.()
}

if (process.send) {
  process.once('disconnect', () => process.exit())
  process.on('message', (request: IngestRequest) => void ingest(request))
}
