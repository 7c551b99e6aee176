/** The processes that others are started with. Tests put stand-ins in their place. */
import { resolve } from 'node:path'

const entry = (name: string): string => resolve(import.meta.dirname, '../bin', name)

export const ENTRIES = {
  trainer: entry('trainer.ts'),
  ingester: entry('ingester.ts'),
  inference: entry('inference.ts')
} as const

export type Entries = Readonly<Record<keyof typeof ENTRIES, string>>
