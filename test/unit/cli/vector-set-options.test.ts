/** Words of `kappa vector-set` and of maps that no server is asked about. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EXIT, runCommand } from '../../../src/cli/command.ts'
import { mapWish } from '../../../src/cli/remote/maps.ts'
import { vectorSetWish } from '../../../src/cli/remote/vector-set/make.ts'
import { VECTOR_SET } from '../../../src/cli/remote/vector-set/vector-set.ts'

async function told(...args: string[]) {
  const said = { out: '', err: '' }
  const streams = {
    stdout: { write: (text: string) => (said.out += text) },
    stderr: { write: (text: string) => (said.err += text) }
  }
  return { code: await runCommand('vector-set', async () => VECTOR_SET, { args, streams }), ...said }
}

test('what a vector set is made of are the API’s fields, and defaults are left to it', () => {
  const base = { model: 'shoes@prod', dataset: 'ds_1@3' }
  assert.deepEqual(vectorSetWish(base), { ...base, search: true })
  assert.deepEqual(vectorSetWish({ ...base, name: 'a', 'no-search': true, 'no-assign': true }), {
    ...{ ...base, name: 'a', search: false, assign: false }
  })
  assert.equal(vectorSetWish({ ...base, assign: true }).assign, true)
  assert.throws(() => vectorSetWish({ model: 'm' }), /--dataset is needed/)
  assert.throws(() => vectorSetWish({ dataset: 'd' }), /--model is needed/)
  assert.throws(() => vectorSetWish({ ...base, assign: true, 'no-assign': true }), /--assign and --no-assign/)
})

test('each action takes its own words and options, and refuses others by name', async () => {
  for (const [args, line] of [
    [[], /takes one of make, show, .*, not nothing\./],
    [['create'], /takes one of make, .*, not create\./],
    [['toString'], /not toString\./],
    [['make', 'vec_1', '--model', 'm', '--dataset', 'd'], /vec_1 is one word too many/],
    [['show'], /VECTOR_SET \(vec_…, or its name\) is needed/],
    [['show', 'vec_1', 'vec_2'], /vec_2 is one word too many/],
    [['show', 'vec_1', '--limit', '3'], /--limit is not for kappa vector-set show\./],
    [['pull', 'vec_1', '--no-search'], /--no-search is not for kappa vector-set pull\./],
    [['outliers', 'vec_1', '--min-similarity', '0.9'], /--min-similarity is not for kappa vector-set outliers\./],
    [['duplicates', 'vec_1', '--min-similarity', '2'], /--min-similarity must be a number from 0 to 1/],
    [['outliers', 'vec_1', '--limit', '0'], /--limit must be 1 or more/],
    [['label-accuracy', 'vec_1', '--sample', '2000'], /--sample must be 1000 or less/],
    [['proposed-labels', 'vec_1', '--neighbors', 'many'], /--neighbors must be a whole number/],
    [['rename', 'vec_1'], /NAME is needed/],
    [['pull', 'vec_1', '--max-bytes', 'all'], /--max-bytes must be a whole number/]
  ] as const) {
    const { code, err } = await told(...args)
    assert.equal(code, EXIT.refused, `${args.join(' ')}: ${err}`)
    assert.match(err, line)
    assert.match(err, /kappa vector-set --help shows the options/)
  }
})

test('help has every action', async () => {
  const { code, out } = await told('--help')
  assert.equal(code, EXIT.done)
  for (const action of ['make', 'show', 'wait', 'cancel', 'delete', 'rename', 'pull', 'duplicates', 'outliers'])
    assert.match(out, new RegExp(`\\b${action}\\b`))
  for (const action of ['proposed-labels', 'label-accuracy']) assert.ok(out.includes(action))
})

test('a map is drawn only as a picture', () => {
  assert.deepEqual(mapWish({ draw: 'map', 'image-size': '96' }, 'png'), { format: 'png', draw: 'map', image_size: 96 })
  assert.deepEqual(mapWish({}, 'npy'), { format: 'npy' })
  assert.throws(() => mapWish({ draw: 'map' }, 'json'), /--draw is for a picture: --out FILE\.png/)
  assert.throws(() => mapWish({ draw: 'heat' }, 'png'), /--draw must be one of overlay, map/)
  assert.throws(() => mapWish({ 'image-size': '0' }, 'png'), /--image-size must be 1 or more/)
})
