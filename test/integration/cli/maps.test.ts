/** `kappa attention-map`, `heat-map` and tokens of patches against the real API: what is in the files, and which are written. */
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encodePng } from '../../../src/base/png.ts'
import type { Inference } from '../../../src/domain/ports.ts'
import { fakeInference } from '../../helpers/app.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel } from '../../helpers/records.ts'
import { createWorld, type World } from './kappa.ts'

const skip = await whyNoPostgres()
const PICTURE = Buffer.from(encodePng({ width: 1, height: 1, channels: 1, bytes: Uint8Array.of(7) }))
/** Draws one picture, whatever is asked; `broken` instead of it where the test says so. */
let broken: Buffer | null = null
const inference: Inference = {
  ...fakeInference,
  async map(...asked) {
    const answer = await fakeInference.map(...asked)
    return { ...answer, result: { ...answer.result, png: answer.result.png && (broken ?? PICTURE) } }
  }
}
const world = skip ? (undefined as unknown as World) : await createWorld({ after }, { inference })
const at = (name: string) => join(world.root, name)

async function aModelAndImage() {
  const { id } = await aReadyModel(world.api.stores, world.api.projectId)
  await writeFile(at('image.png'), PICTURE)
  return [id, at('image.png')] as const
}

test('maps are pictures or numbers by the ending of their file, and say what colours stand for', { skip }, async () => {
  const [model, image] = await aModelAndImage()
  const heat = await world.json(['heat-map', model, image, '--out', at('heat.png'), '--prototype', '2'])
  assert.equal(heat.code, 0, heat.stdout)
  assert.deepEqual(heat.lines, [
    { type: 'heat_map', model, file: at('heat.png'), format: 'png', prototype: 2, range: [0, 0.25] }
  ])
  assert.deepEqual(await readFile(at('heat.png')), PICTURE)
  const people = await world.kappa(['heat-map', model, image, '--out', at('heat.json'), '--value', 'posterior'])
  assert.equal(people.stdout, `${at('heat.json')}\n`)
  assert.match(people.stderr, /^Prototype 5, posterior, numbers from 0\.00 to 0\.250\.\n$/)
  const { value, rows, prototype } = JSON.parse(await readFile(at('heat.json'), 'utf8'))
  assert.deepEqual([value, rows, prototype], ['posterior', 7, 5])
  const attention = await world.json(['attention-map', model, image, '--out', at('attention.npy'), '--head', '1'])
  assert.deepEqual([attention.code, attention.lines[0].type], [0, 'attention_map'])
  assert.match(await readFile(at('attention.npy'), 'latin1'), /^\x93NUMPY.*'shape': \(1, 7, 7\)/)
})

test('a file that is there is written over only with --force, and what is no picture is not kept', {
  skip
}, async () => {
  const [model, image] = await aModelAndImage()
  const words = ['attention-map', model, image, '--out', at('there.png')]
  await writeFile(at('there.png'), 'mine')
  const refused = await world.kappa(words)
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /there\.png is there already; --force writes over it/)
  broken = Buffer.from('<html>')
  const damaged = await world.json([...words, '--force'])
  broken = null
  assert.deepEqual([damaged.code, damaged.lines.at(-1).code], [1, 'object_damaged'])
  assert.equal(await readFile(at('there.png'), 'utf8'), 'mine')
  assert.equal((await world.kappa([...words, '--force'])).code, 0)
  assert.deepEqual(await readFile(at('there.png')), PICTURE)
  await mkdir(at('folder.png'))
  await writeFile(at('no-image'), 'text')
  for (const [args, line] of [
    [['heat-map', model, image], /--out is needed/],
    [['heat-map', model, '--out', at('x.png')], /IMAGE is needed/],
    [['heat-map', model, at('no-image'), '--out', at('x.png')], /is no JPEG.* file/],
    [['heat-map', model, image, '--out', at('x.gif')], /--out must end with \.png, \.npy, \.json/],
    [['heat-map', model, image, '--out', at('folder.png'), '--force'], /folder\.png is no file/],
    [['heat-map', model, image, '--out', at('x.npy'), '--draw', 'map'], /--draw is for a picture/],
    [['attention-map', model, image, '--out', at('x.png'), '--prototype', '1'], /no option --prototype/],
    [['attention-map', 'mdl_none', image, '--out', at('x.png')], /no such model/i]
  ] as const) {
    const { code, stderr } = await world.kappa(args)
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`)
    assert.match(stderr, line)
  }
  assert.ok(!(await readdir(world.root)).some((name) => /^x\.|\.partial$/.test(name)))
})

test('tokens of patches are one array of all images, with their names beside it', { skip }, async () => {
  const [model] = await aModelAndImage()
  const folder = at('patched')
  await mkdir(folder)
  for (let i = 0; i < 35; i++)
    await writeFile(join(folder, `${String(i).padStart(2, '0')}.png`), Buffer.concat([PICTURE, Buffer.of(i)]))
  const words = ['embed', '--remote', model, folder, '--output', 'patches', '--image-size', '32', '--out']
  const { code, lines, stdout } = await world.json([...words, at('tokens.npy')])
  assert.equal(code, 0, stdout)
  assert.deepEqual([lines.at(-1).type, lines.at(-1).images], ['embedded', 35])
  const npy = await readFile(at('tokens.npy'))
  assert.match(npy.toString('latin1', 0, 128), /'descr': '<f4'.*'shape': \(35, 8, 8, 8\)/)
  assert.equal(npy.length, 128 + 35 * 8 * 8 * 8 * 4)
  assert.equal((await readFile(at('tokens.images.jsonl'), 'utf8')).trim().split('\n').length, 35)
  assert.equal((await world.kappa([...words, at('tokens.safetensors')])).code, 2, 'the list of images is there')
  const again = await world.kappa([...words, at('again.safetensors')])
  assert.equal(again.code, 0, again.stderr)
  assert.match(again.stderr, /35 images by mdl_/)
  const file = await readFile(at('again.safetensors'))
  const head = JSON.parse(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE(0))))
  assert.deepEqual(head.patches.shape, [35, 8, 8, 8])
  assert.deepEqual(file.subarray(-100), npy.subarray(-100), 'the numbers are the same')
  const text = await world.kappa([...words, at('tokens.jsonl')])
  assert.deepEqual([text.code, /--output patches goes into \.npy or \.safetensors/.test(text.stderr)], [2, true])
})
