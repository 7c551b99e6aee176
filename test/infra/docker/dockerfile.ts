/** Reads the part of Dockerfile syntax that ours is written in. What it does not know is an error, never skipped. */

export interface Step {
  readonly line: number
  readonly word: string
  readonly rest: string
}

export interface Stage {
  readonly name: string
  /** Another stage's name, or an image. */
  readonly from: string
  readonly steps: readonly Step[]
}

const KNOWN = new Set('ARG FROM WORKDIR COPY RUN ENV USER ENTRYPOINT CMD HEALTHCHECK LABEL EXPOSE'.split(' '))

function stepsOf(text: string): Step[] {
  const steps: Step[] = []
  let open: { line: number; text: string } | null = null
  for (const [index, raw] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(raw)) continue
    const step: { line: number; text: string } = open ?? { line: index + 1, text: '' }
    step.text += raw.trim().replace(/\\$/, '')
    open = raw.endsWith('\\') ? step : null
    if (open !== null) continue
    const [, word, rest] = /^(\S+)\s+(.*)$/.exec(step.text) ?? []
    if (word === undefined || rest === undefined || !KNOWN.has(word))
      throw new Error(`line ${step.line}: ${JSON.stringify(step.text)} is nothing that is understood here`)
    steps.push({ line: step.line, word, rest })
  }
  if (open !== null) throw new Error(`line ${open.line}: its continuation does not end`)
  return steps
}

/** `${NAME}` of build arguments; one that is not given is an error. */
export const substitute = (text: string, args: Readonly<Record<string, string>>): string =>
  text.replace(/\$\{(\w+)\}/g, (whole, name: string) => {
    const value = args[name]
    if (value === undefined) throw new Error(`${whole} has no value`)
    return value
  })

export function parseDockerfile(text: string): readonly Stage[] {
  const args: Record<string, string> = {}
  const stages: { name: string; from: string; steps: Step[] }[] = []
  for (const step of stepsOf(text)) {
    const stage = stages.at(-1)
    if (step.word === 'FROM') {
      const [, from, name] = /^(\S+) AS (\S+)$/.exec(substitute(step.rest, args)) ?? []
      if (!from || !name) throw new Error(`line ${step.line}: every stage here has a name`)
      stages.push({ name, from, steps: [] })
    } else if (stage !== undefined) stage.steps.push(step)
    else if (step.word === 'ARG') {
      const [name, value = ''] = step.rest.split('=')
      args[name!] = value
    } else throw new Error(`line ${step.line}: ${step.word} before the first FROM`)
  }
  return stages
}

/** Stages that a target is made of, in the order in which they can be built. */
export function stagesFor(target: string, stages: readonly Stage[]): readonly Stage[] {
  const stage = stages.find(({ name }) => name === target)
  if (stage === undefined) return []
  const copied = stage.steps.flatMap(({ word, rest }) => (word === 'COPY' && /^--from=(\S+)/.exec(rest)?.[1]) || [])
  const needed = [stage.from, ...copied].flatMap((name) => stagesFor(name, stages))
  return [...new Set([...needed, stage])]
}

export interface ImageConfig {
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  readonly workdir: string
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
  readonly healthcheck: readonly string[]
}

const NOTHING: ImageConfig = { env: {}, user: '0:0', workdir: '/', entrypoint: [], cmd: [], healthcheck: [] }

const list = (text: string, { line }: Step): string[] => {
  if (!text.startsWith('[')) throw new Error(`line ${line}: the exec form is asked for, a list in brackets`)
  return JSON.parse(text)
}

/** `A=1 B="two words"` */
const pairs = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)].map(([, name, quoted, bare]) => [name!, quoted ?? bare ?? ''])
  )

const SETTERS: Record<string, (config: ImageConfig, step: Step) => ImageConfig> = {
  ENV: (config, { rest }) => ({ ...config, env: { ...config.env, ...pairs(rest) } }),
  USER: (config, { rest }) => ({ ...config, user: rest }),
  WORKDIR: (config, { rest }) => ({ ...config, workdir: rest }),
  // An entry point takes an inherited command away.
  ENTRYPOINT: (config, step) => ({ ...config, entrypoint: list(step.rest, step), cmd: [] }),
  CMD: (config, step) => ({ ...config, cmd: list(step.rest, step) }),
  HEALTHCHECK: (config, step) => ({ ...config, healthcheck: list(step.rest.replace(/^.*?CMD /, ''), step) })
}

export const withStep = (config: ImageConfig, step: Step): ImageConfig => SETTERS[step.word]?.(config, step) ?? config

/** What a container of the target is started with. */
export function configOf(target: string, stages: readonly Stage[]): ImageConfig {
  const stage = stages.find(({ name }) => name === target)
  if (stage === undefined) return NOTHING
  return stage.steps.reduce(withStep, configOf(stage.from, stages))
}
