/** What `kappa` does with a server, loaded when it is asked for. None of the names is one of the lab's. */
import type { Command } from '../command.ts'
import type { VerbName } from './verbs.ts'

export interface Entry {
  readonly summary: string
  load(): Promise<Command>
}

const verb = async (name: VerbName): Promise<Command> => (await import('./verbs.ts')).verbCommand(name)

export const REMOTE_COMMANDS: Readonly<Record<string, Entry>> = {
  login: { summary: 'keeps a key for a server', load: async () => (await import('./login.ts')).LOGIN },
  logout: { summary: 'removes it', load: async () => (await import('./login.ts')).LOGOUT },
  upload: {
    summary: 'makes a dataset of a folder, an archive or IDX files',
    load: async () => (await import('./upload.ts')).UPLOAD
  },
  run: { summary: 'trains there; --follow shows how far it is', load: async () => (await import('./run.ts')).RUN },
  runs: { summary: 'lists runs', load: async () => (await import('./runs.ts')).RUNS },
  logs: { summary: 'the events of a run; -f goes on', load: async () => (await import('./logs.ts')).LOGS },
  pause: { summary: 'pauses a run', load: () => verb('pause') },
  resume: { summary: 'lets a paused run go on', load: () => verb('resume') },
  cancel: { summary: 'ends a run', load: () => verb('cancel') },
  retry: { summary: 'lets a run that failed or was cancelled go on', load: () => verb('retry') },
  fork: {
    summary: 'a new run from a checkpoint, with another recipe',
    load: async () => (await import('./fork.ts')).FORK
  },
  extend: { summary: 'trains a run for longer', load: async () => (await import('./fork.ts')).EXTEND },
  pull: { summary: 'downloads a model', load: async () => (await import('./pull.ts')).PULL },
  'vector-set': {
    summary: 'embeds a dataset to be searched, and shows duplicates, outliers and labels in it',
    load: async () => (await import('./vector-set/vector-set.ts')).VECTOR_SET
  },
  'vector-sets': {
    summary: 'lists vector sets',
    load: async () => (await import('./vector-set/list.ts')).VECTOR_SETS
  },
  search: {
    summary: 'the images of a vector set that are nearest to one',
    load: async () => (await import('./search.ts')).SEARCH
  },
  'attention-map': {
    summary: 'where a model looks in an image, as a picture or numbers',
    load: async () => (await import('./maps.ts')).ATTENTION_MAP
  },
  'heat-map': {
    summary: 'which patches of an image are like a prototype, as a picture or numbers',
    load: async () => (await import('./maps.ts')).HEAT_MAP
  },
  select: {
    summary: 'makes a version of chosen images of a dataset',
    load: async () => (await import('./select.ts')).SELECT
  },
  batch: {
    summary: 'many requests for embeddings, answered by workers',
    load: async () => (await import('./batch.ts')).BATCH
  },
  drift: {
    summary: 'whether images are still what a model was trained on',
    load: async () => (await import('./drift.ts')).DRIFT
  },
  match: {
    summary: 'which prototype of a model is which of another',
    load: async () => (await import('./match.ts')).MATCH
  },
  mcp: { summary: 'tools for assistants, in front of a server', load: async () => (await import('../mcp.ts')).MCP }
}

/** `kappa embed` embeds on this machine unless a model of a server is named. */
export const isRemoteEmbed = (name: string, args: readonly string[]): boolean =>
  name === 'embed' && args.some((word) => word === '--remote' || word.startsWith('--remote='))

export const loadRemoteEmbed = async (): Promise<Command> => (await import('./embed.ts')).REMOTE_EMBED
