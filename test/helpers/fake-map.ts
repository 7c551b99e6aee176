/** The map that the stand-in for a trainer makes: as many points as there are lines. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { MapRequest } from '../../src/protocol/embedding-messages.ts'
import type { WorkEvent } from '../../src/protocol/trainer-messages.ts'

export async function mapFake(
  { imagesPath, mapPath, every }: MapRequest,
  tell: (event: WorkEvent) => Promise<void>
): Promise<void> {
  const lines = readFileSync(imagesPath, 'utf8').trim().split('\n')
  const points = lines.map((_, i) => i)
  writeFileSync(mapPath, JSON.stringify({ method: 'pca', images: lines.length, every, x: points, y: points }))
  await tell({ type: 'mapped' })
  process.disconnect?.()
}
