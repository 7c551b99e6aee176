/** `kappa attention-map` and `kappa heat-map`: where a model of a server looks in an image, as a file. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, extname, resolve } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { writing } from '../../base/system-errors.ts'
import { answerOf } from '../../client/client.ts'
import { type Command, EXIT, needed, refusal, wholeNumber } from '../command.ts'
import { checkFree } from '../new-path.ts'
import { readWords } from '../options.ts'
import { connect } from './connection.ts'
import { imageAt } from './image-file.ts'
import { noMoreThan, oneOf, wordAt } from './option-values.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'

const FORMATS = ['png', 'npy', 'json'] as const
type Format = (typeof FORMATS)[number]
const DRAWINGS = ['overlay', 'map'] as const
const VALUES = ['cosine', 'posterior'] as const

const SHARED = `  --image-size N            pixels of a side that the model sees (its own)
  --draw DRAWING            of a picture: ${DRAWINGS.join(', ')} (overlay: over the image in gray; map: alone)
  --force                   writes over a FILE that is there
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const MODEL_AND_IMAGE = `  MODEL                     mdl_…, NAME@3, NAME@alias, or run_… for the model of a run
  IMAGE                     a file of this machine`

const ATTENTION_USAGE = `Draws where a model looks in an image: the attention of the class token on each patch, in the last block.

  kappa attention-map MODEL IMAGE --out FILE [options]

${MODEL_AND_IMAGE}
  --out FILE                its ending says the format: .png a picture, .npy and .json the numbers of each head
  --head N                  counted from 0 (a picture is of the mean of all, numbers are of all)
${SHARED}`

const HEAT_USAGE = `Draws which patches of an image are like a prototype of a model.

  kappa heat-map MODEL IMAGE --out FILE [options]

${MODEL_AND_IMAGE}
  --out FILE                its ending says the format: .png a picture, .npy and .json the numbers
  --prototype N             (the image's likeliest)
  --value VALUE             ${VALUES.join(', ')} (cosine with its direction; posterior: the share of the patch that is its own)
${SHARED}`

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const OF_BOTH = { out: text, 'image-size': text, draw: text, force: flag, json: flag } as const
const ATTENTION_OPTIONS = { ...OF_BOTH, head: text } as const
const HEAT_OPTIONS = { ...OF_BOTH, prototype: text, value: text } as const

interface SharedValues {
  readonly out?: string | undefined
  readonly 'image-size'?: string | undefined
  readonly draw?: string | undefined
  readonly force?: boolean | undefined
}

interface Target {
  readonly model: string
  readonly image: Uint8Array
  readonly path: string
  readonly format: Format
}

/** @throws AppError invalid_request */
async function targetOf(words: readonly string[], { out, force }: SharedValues): Promise<Target> {
  const model = wordAt(words, 0, 'MODEL (mdl_…, NAME@3, NAME@alias or run_…)')
  const file = wordAt(words, 1, 'IMAGE')
  noMoreThan(words, 2)
  const path = resolve(needed('out', out))
  const format = FORMATS.find((one) => extname(path) === `.${one}`)
  if (format === undefined) throw refusal(`--out must end with .${FORMATS.join(', .')}, and ${path} does not.`)
  const image = await imageAt(file)
  await checkFree(path, force === true)
  return { model, image, path, format }
}

/** @throws AppError invalid_request */
export function mapWish({ 'image-size': size, draw }: SharedValues, format: Format) {
  const drawing = oneOf('draw', draw, DRAWINGS)
  if (drawing !== undefined && format !== 'png') throw refusal('--draw is for a picture: --out FILE.png.')
  return {
    format,
    ...(drawing && { draw: drawing }),
    ...(size !== undefined && { image_size: wholeNumber('image-size', size, { least: 1, most: 4096 }) })
  }
}

const MEDIA: Readonly<Record<Format, string>> = {
  png: 'image/png',
  npy: 'application/octet-stream',
  json: 'application/json'
}
const BEGINNINGS: Readonly<Record<Format, string>> = { png: '89504e47', npy: '934e554d5059', json: '7b' }

/** Under its name when it is whole. @throws AppError object_damaged for what is no such file, such as a proxy's page */
async function keep(bytes: Uint8Array, { path, format }: Target): Promise<void> {
  const data = Buffer.from(bytes)
  if (!data.toString('hex', 0, 8).startsWith(BEGINNINGS[format]))
    throw new AppError('object_damaged', { message: `The server does not answer with a .${format} file.` })
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.partial`
  try {
    await writing(writeFile(draft, data))
    await rename(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
}

const asked = ({ model, format }: Target) =>
  ({ params: { path: { id: model } }, headers: { accept: MEDIA[format] }, parseAs: 'arrayBuffer' }) as const

/** What the first and the last colour stand for. */
function rangeOf(headers: Headers): readonly [number, number] | null {
  const [from = Number.NaN, to = Number.NaN] = (headers.get('kappa-range') ?? '').split(',').map(Number)
  return Number.isNaN(from + to) ? null : [from, to]
}

function rangeWords(format: Format, range: readonly [number, number] | null): string {
  if (range === null) return ''
  const [from, to] = range.map((one) => one.toPrecision(3))
  return `, ${format === 'png' ? 'colours' : 'numbers'} from ${from} to ${to}`
}

export const ATTENTION_MAP: Command = remoteCommand({
  usage: ATTENTION_USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, ATTENTION_OPTIONS)
    const target = await targetOf(words, values)
    const { head } = values
    const wish = mapWish(values, target.format)
    const body = { ...wish, ...(head !== undefined && { head: wholeNumber('head', head) }) }
    const input = Buffer.from(target.image).toString('base64')
    const { api } = await connect()
    const call = api.POST('/v1/models/{id}/attention-maps', { ...asked(target), body: { ...body, input } })
    const { data, headers } = await answerOf<unknown>(call)
    await keep(new Uint8Array(data as ArrayBuffer), target) // it was asked for as one
    const range = rangeOf(headers)
    const { path: file, format } = target
    output.line(`Attention${rangeWords(format, range)}.`)
    output.result({ type: 'attention_map', model: target.model, file, format, range }, file)
    return EXIT.done
  }
})

export const HEAT_MAP: Command = remoteCommand({
  usage: HEAT_USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, HEAT_OPTIONS)
    const target = await targetOf(words, values)
    const value = oneOf('value', values.value, VALUES)
    const { prototype: named } = values
    const body = {
      ...mapWish(values, target.format),
      ...(named !== undefined && { prototype: wholeNumber('prototype', named) }),
      ...(value && { value }),
      input: Buffer.from(target.image).toString('base64')
    }
    const { api } = await connect()
    const { data, headers } = await answerOf<unknown>(api.POST('/v1/models/{id}/heat-maps', { ...asked(target), body }))
    await keep(new Uint8Array(data as ArrayBuffer), target) // it was asked for as one
    const range = rangeOf(headers)
    const { path: file, format } = target
    const said = headers.get('kappa-prototype')
    const prototype = said === null ? null : Number(said)
    output.line(`Prototype ${prototype ?? '?'}, ${value ?? 'cosine'}${rangeWords(format, range)}.`)
    output.result({ type: 'heat_map', model: target.model, file, format, prototype, range }, file)
    return EXIT.done
  }
})
