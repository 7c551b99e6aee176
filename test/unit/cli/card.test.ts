import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { CARD_COMMAND } from '../../../src/cli/card.ts'
import { EXIT, runCommand } from '../../../src/cli/command.ts'
import { type FolderOptions, writeRunFolder } from '../../helpers/run-folder.ts'

async function aRun(t: TestContext, options?: FolderOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-card-'))
  t.after(() => rm(folder, { recursive: true }))
  return { folder, model: await writeRunFolder(folder, options) }
}

async function card(model: string, ...more: string[]) {
  const err: string[] = []
  const streams = { stdout: { write: () => {} }, stderr: { write: (text: string) => void err.push(text) } }
  const code = await runCommand('card', async () => CARD_COMMAND, { args: [model, ...more], streams })
  const text = code === EXIT.done ? await readFile(join(model, 'README.md'), 'utf8') : ''
  return { code, text, err: err.join(''), head: () => parse(text.split('---\n')[1]!) }
}

const LICENSED = ['--license', 'apache-2.0']

test('the head is what a hub reads: license, library, tags, datasets and evaluations', async (t) => {
  const { model } = await aRun(t)
  const more = ['--name', 'shoes: "small"', '--tag', 'shoes', '--dataset', 'me/shoes', '--data', 'Shoes']
  const { head } = await card(model, ...LICENSED, ...more)
  assert.deepEqual(head(), {
    license: 'apache-2.0',
    library_name: 'kappa',
    pipeline_tag: 'image-feature-extraction',
    tags: ['vision', 'self-supervised', 'vit', 'dino-vmf', 'onnx', 'safetensors', 'shoes'],
    datasets: ['me/shoes'],
    'model-index': [
      {
        name: 'shoes: "small"',
        results: [
          {
            task: { type: 'image-classification', name: 'knn' },
            dataset: { name: 'Shoes, held out', type: 'shoes-held-out' },
            metrics: [{ type: 'accuracy', value: 0.75, name: 'knn top1_k20' }]
          }
        ]
      }
    ]
  })
})

test('data version, recipe, curves, kappa, hours and device are those of the run’s files', async (t) => {
  const { model } = await aRun(t)
  const { text } = await card(model, ...LICENSED)
  assert.match(text, /40 images, 2 classes.*`c{64}`/)
  assert.match(text, /"batch_size": 8/)
  assert.match(text, /\| `loss` \| 4\.945 \| 4\.545 \| 4\.045 \|/)
  assert.match(text, /\| `kappa_p50` \| {2}\| 31 \| 32 \|/, 'a window that a tenth does not have is left empty')
  assert.match(text, /of 3 prototypes.*5\/50\/95 % 31 \/ 40 \/ 49/)
  assert.match(text, /onnx on cpu, 2 threads, 1 device, products in float32/)
  assert.match(text, /Time in training steps: 0\.01389 hours/, '100 steps of half a second')
  assert.match(text, /\| knn \| the training images, held out \(4\) \| `top1_k20` \| 0\.75 \| 0\.3 … 0\.95 \|/)
})

test('energy is told where GPUs said what they draw, and is absent otherwise', async (t) => {
  const measured = await aRun(t, { watts: [200, 400] })
  // 25 s at 200 W and 25 s at 400 W.
  assert.match((await card(measured.model, ...LICENSED)).text, /0\.004167 kWh, from 2 readings.* cover 100\.0 %/)
  const other = await aRun(t)
  assert.doesNotMatch((await card(other.model, ...LICENSED)).text, /kWh|[Ee]nergy/)
})

test('no path of this machine is in a card', async (t) => {
  const { folder, model } = await aRun(t)
  const file = join(folder, 'more.jsonl')
  await writeFile(file, await readFile(join(folder, 'evaluation.jsonl'), 'utf8'))
  const { text } = await card(model, ...LICENSED, '--evaluation', file)
  assert.doesNotMatch(text, /somebody|\/tmp\//)
  assert.match(text, /\| knn \| held-out \(4\)/)
})

test('without the folder of its run a card says what the model’s own files say', async (t) => {
  const { folder, model } = await aRun(t)
  await rm(join(folder, 'run.json'))
  const { text, head } = await card(model, ...LICENSED)
  assert.equal(head()['model-index'], undefined)
  assert.match(text, /The folder of its run was not there/)
  assert.doesNotMatch(text, /## Training|## Compute|## Evaluation/)
  assert.match(text, /## κ/)
})

test('a license is needed, and what is there is not written over', async (t) => {
  const { model } = await aRun(t)
  assert.match((await card(model)).err, /--license is needed/)
  assert.match((await card(model, '--license', 'Apache 2')).err, /--license must be as hubs write it/)
  assert.match((await card(model, '--license', 'other')).err, /--license-name/)
  assert.equal((await card(model, '--license', 'other', '--license-name', 'ours')).head().license_name, 'ours')
  const again = await card(model, ...LICENSED)
  assert.equal(again.code, EXIT.refused)
  assert.match(again.err, /is there already/)
  assert.equal((await card(model, ...LICENSED, '--force')).head().license, 'apache-2.0')
})

test('a folder without a model, and a file that is no evaluation, are named', async (t) => {
  const { folder, model } = await aRun(t)
  assert.equal((await card(folder, ...LICENSED)).code, EXIT.refused)
  const bad = join(folder, 'run.json')
  assert.match((await card(model, ...LICENSED, '--evaluation', bad)).err, /run\.json/)
})

test('words of others add no heading, link, row or HTML to a card', async (t) => {
  const { folder, model } = await aRun(t)
  const odd = 'a | b |\n\n# Buy\n<script>x</script> [here](https://evil.example) ![](https://evil.example/p.png) `'
  for (const [file, change] of [
    [join(model, 'prototypes.json'), { alarm: odd }],
    [join(folder, 'trained-with.json'), { engine: odd, device: odd }],
    [join(model, 'config.json'), { origin: { file: odd, format: odd, sha256: odd } }]
  ] as const)
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...change }))
  const { text, head } = await card(model, ...LICENSED, '--name', odd, '--data', odd)
  const body = text.split('\n---\n')[1]!
  assert.equal(head()['model-index'][0].name, odd)
  assert.deepEqual(
    body.split('\n').filter((line) => /^#+ /.test(line) && line.includes('Buy')),
    [body.split('\n').find((line) => line.startsWith('# '))],
    'in the title, and on its line'
  )
  const plain = body.replaceAll('\\`', '').replace(/`[^`]*`/g, '')
  assert.doesNotMatch(plain, /(^|[^\\])(<script|\]\(|!\[)/, 'what is no code is escaped')
  const rows = body.split('\n').filter((line) => line.startsWith('| knn'))
  assert.equal(rows.length, 1)
  assert.equal(rows[0]!.replaceAll('\\|', '').split('|').length, 7)
})
