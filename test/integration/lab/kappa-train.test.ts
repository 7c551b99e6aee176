/** `kappa train` as a user meets it: stopped, killed, begun again, and told what it cannot do. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { writeTinyDataset } from '../../helpers/tiny-dataset.ts'
import { type CommandLine, type LabFolder, labFolder, runKappa } from './lab-folder.ts'

interface Line {
  readonly type: string
  readonly step: number
  readonly state_hash: string
  readonly [field: string]: unknown
}

const parsed = (lines: readonly string[]): Line[] => lines.map((line) => JSON.parse(line) as Line)
const lastOf = (lines: readonly string[], type: string): Line => parsed(lines).findLast((line) => line.type === type)!

/** 40 images in batches of 8 for 8 epochs: 40 steps. */
async function train(t: TestContext, lab: LabFolder, out: string, more: readonly string[] = []): Promise<CommandLine> {
  const recipe = lab.at('recipe.json')
  await writeFile(recipe, JSON.stringify(muRecipe({ epochs: 8 })))
  const usual = { recipe, images: lab.dataset, out: lab.at(out), threads: '1', loaders: '1', 'checkpoint-every': '3' }
  // An option is given once.
  const others = Object.entries(usual).filter(([name]) => !more.includes(`--${name}`))
  return runKappa(t, [
    'train',
    '--json',
    '--no-export',
    ...others.flatMap(([name, value]) => [`--${name}`, value]),
    ...more
  ])
}

const resume = (t: TestContext, lab: LabFolder, out: string, more: readonly string[] = []): CommandLine =>
  runKappa(t, ['train', '--resume', '--out', lab.at(out), '--json', '--threads', '1', '--no-export', ...more])

/** Does something when the command has told of a step. */
function atStep(command: CommandLine, step: number, act: () => void): void {
  let isDone = false
  command.onLine = (line) => {
    const event = JSON.parse(line) as Line
    if (isDone || event.type !== 'step' || event.step < step) return
    isDone = true
    act()
  }
}

const childrenOf = (pid: number): number[] =>
  execFileSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child!)
    // ps itself
    .filter((child) => child !== 0)

test('killed in the middle and resumed, a run ends in the same state as left alone', async (t) => {
  const lab = await labFolder(t)
  const killed = await train(t, lab, 'killed')
  atStep(killed, 17, () => killed.child.kill('SIGKILL'))
  assert.equal((await killed.exited).signal, 'SIGKILL')
  const resumed = resume(t, lab, 'killed', ['--loaders', '3'])
  assert.equal((await resumed.exited).code, 0)
  const started = lastOf(resumed.lines, 'started')
  assert.ok(started.step > 0 && started.step % 3 === 0, resumed.lines[0])
  const alone = await train(t, lab, 'alone')
  assert.equal((await alone.exited).code, 0)
  assert.equal(lastOf(resumed.lines, 'checkpoint').step, 40)
  assert.equal(lastOf(resumed.lines, 'checkpoint').state_hash, lastOf(alone.lines, 'checkpoint').state_hash)
})

test('a run that has ended is made longer, also when it is stopped on the way and told again', async (t) => {
  const lab = await labFolder(t)
  assert.equal((await (await train(t, lab, 'out', ['--epochs', '2'])).exited).code, 0)
  const stopped = resume(t, lab, 'out', ['--extend', '4', '--max-steps', '3'])
  assert.equal((await stopped.exited).code, 3)
  assert.equal(lastOf(stopped.lines, 'started').step, 10)
  const rest = resume(t, lab, 'out', ['--extend', '4'])
  assert.equal((await rest.exited).code, 0)
  assert.deepEqual([lastOf(rest.lines, 'started').step, lastOf(rest.lines, 'done').step], [13, 20])
  const { recipe, extensions } = JSON.parse(await readFile(lab.at('out/run.json'), 'utf8'))
  assert.deepEqual([recipe.hyperparameters.epochs, extensions], [4, [{ step: 10, before: 2, after: 4 }]])
  const shorter = await refusedWith(resume(t, lab, 'out', ['--extend', '3']))
  assert.match(shorter, /--extend must be more than the run's 4 epochs, not 3/)
  assert.match(await refusedWith(await train(t, lab, 'new', ['--extend', '3'])), /--extend needs --resume/)
})

test('a trainer that the system kills is told of with exit code 1, and its run goes on', async (t) => {
  const lab = await labFolder(t)
  const command = await train(t, lab, 'out')
  atStep(command, 5, () => {
    for (const pid of childrenOf(command.child.pid!)) process.kill(pid, 'SIGKILL')
  })
  assert.equal((await command.exited).code, 1)
  const failed = lastOf(command.lines, 'failed')
  assert.equal(failed['code'], 'trainer_crashed')
  assert.match(String(failed['message']), /killed by SIGKILL, as the system does when memory runs out/)
  const resumed = resume(t, lab, 'out')
  assert.equal((await resumed.exited).code, 0)
  assert.equal(lastOf(resumed.lines, 'done').step, 40)
})

test('Ctrl-C checkpoints and exits with 3, only the newest are kept, and the run goes on from there', async (t) => {
  const lab = await labFolder(t)
  const command = await train(t, lab, 'out', ['--epochs', '100', '--keep', '2'])
  atStep(command, 11, () => command.child.kill('SIGINT'))
  assert.equal((await command.exited).code, 3)
  const done = lastOf(command.lines, 'done')
  assert.equal(done['reason'], 'stopped')
  assert.equal(lastOf(command.lines, 'checkpoint').step, done.step)
  assert.equal((await readdir(lab.at('out/checkpoints'))).length, 2)
  const rest = resume(t, lab, 'out', ['--max-steps', '2'])
  assert.equal((await rest.exited).code, 3)
  assert.equal(lastOf(rest.lines, 'started').step, done.step)
})

for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} is a Ctrl-C, too`, async (t) => {
    const lab = await labFolder(t)
    const command = await train(t, lab, 'out', ['--epochs', '100', '--checkpoint-every', '100000'])
    atStep(command, 2, () => command.child.kill(signal))
    assert.equal((await command.exited).code, 3)
    assert.equal(lastOf(command.lines, 'checkpoint').step, lastOf(command.lines, 'done').step)
  })
}

test('a reader that goes away stops the run with a checkpoint', async (t) => {
  const lab = await labFolder(t)
  const command = await train(t, lab, 'out', ['--epochs', '1000', '--checkpoint-every', '100000'])
  atStep(command, 3, () => command.child.stdout!.destroy())
  assert.equal((await command.exited).code, 3)
  assert.equal((await readdir(lab.at('out/checkpoints'))).length, 1)
})

test('a second Ctrl-C ends command and trainer at once, without a checkpoint', async (t) => {
  const lab = await labFolder(t)
  const command = await train(t, lab, 'out', ['--epochs', '1000', '--checkpoint-every', '100000'])
  let trainers: number[] = []
  atStep(command, 3, () => {
    command.onLine = (line) => {
      if (line.includes('"stopping"')) command.child.kill('SIGINT')
    }
    trainers = childrenOf(command.child.pid!)
    // A trainer that hangs in a long step hears nothing of the first one.
    for (const pid of trainers) process.kill(pid, 'SIGSTOP')
    command.child.kill('SIGINT')
  })
  assert.equal((await command.exited).code, 130)
  // Killed, they end as soon as the kernel has taken their memory back; one that was not killed keeps the test from ending.
  while (trainers.some(isAlive)) await nextTurn()
  await assert.rejects(stat(lab.at('out/checkpoints')))
})

/** Gone, or dead and not yet collected. */
function isAlive(pid: number): boolean {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z')
  } catch {
    return false
  }
}

const refusedWith = async (command: CommandLine): Promise<string> => {
  assert.equal((await command.exited).code, 2)
  const { message, errors } = lastOf(command.lines, 'failed')
  return `${message} ${JSON.stringify(errors)}`
}

test('what cannot be done is refused with exit code 2, by name, before anything is written', async (t) => {
  const lab = await labFolder(t)
  const refused = async (more: readonly string[]) => refusedWith(await train(t, lab, 'out', more))
  assert.match(await refused(['--images', lab.at('nowhere')]), /--images .*nowhere: there is no such file or folder/)
  assert.match(await refused(['--loaders', 'some']), /--loaders must be a whole number, not some/)
  assert.match(await refused(['--devices', '3']), /--devices must divide the batch of 8 images, got 3/)
  assert.match(await refused(['--devices', '2']), /onnx engine computes on one device, not on 2\. Only xla has several/)
  assert.match(await refused(['--hold-out', '5']), /--hold-out needs images that are not packed/)
  await writeFile(lab.at('no-image.txt'), 'text')
  assert.match(await refused(['--images', lab.at('no-image.txt')]), /no-image\.txt/)
  await writeFile(lab.at('large.json'), JSON.stringify(muRecipe({ batchSize: 64 })))
  assert.match(await refused(['--recipe', lab.at('large.json')]), /\/hyperparameters\/batch_size.*40 images/)
  await assert.rejects(stat(lab.at('out')))
})

test('a folder with something in it is not begun in, and a run is gone on with only as it was begun', async (t) => {
  const lab = await labFolder(t)
  await (await train(t, lab, 'out', ['--max-steps', '4'])).exited
  assert.match(await refusedWith(await train(t, lab, 'out')), /--out .* is not empty\. --resume goes on/)
  assert.match(
    await refusedWith(resume(t, lab, 'out', ['--seed', '9'])),
    /another recipe.*"\/seed","message":"was 3 and is 9/
  )
  const other = await writeTinyDataset(lab.at('other'), 44)
  assert.match(await refusedWith(resume(t, lab, 'out', ['--images', other])), /--images is .*other, but .* begun with/)
  assert.match(await refusedWith(resume(t, lab, 'other')), /holds no run/)
  assert.match(await refusedWith(resume(t, lab, 'nowhere')), /no run in --out .* needs --images/)
})

test('a dataset that was changed under a run, and checkpoints that are all damaged, are refused by name', async (t) => {
  const lab = await labFolder(t)
  const images = await writeTinyDataset(lab.at('images'), 40)
  await (await train(t, lab, 'out', ['--images', images, '--max-steps', '4'])).exited
  await writeTinyDataset(images, 48)
  assert.match(await refusedWith(resume(t, lab, 'out')), /another dataset: its content hash is/)
  await writeTinyDataset(images, 40)
  for (const name of await readdir(lab.at('out/checkpoints'))) {
    await writeFile(join(lab.at('out/checkpoints'), name, 'student.safetensors'), '')
  }
  assert.match(await refusedWith(resume(t, lab, 'out')), /No checkpoint in .* student\.safetensors has 0 bytes/)
})

test('two commands do not train in one folder, and a lock of a dead one does not matter', async (t) => {
  const lab = await labFolder(t)
  const first = await train(t, lab, 'out', ['--epochs', '1000'])
  const second = await new Promise<CommandLine>((begun) => atStep(first, 3, () => begun(resume(t, lab, 'out'))))
  assert.match(await refusedWith(second), new RegExp(`Process ${first.child.pid} .* trains in`))
  first.child.kill('SIGKILL')
  await first.exited
  assert.match(await readFile(lab.at('out/run.lock'), 'utf8'), new RegExp(`^${first.child.pid} `))
  const third = resume(t, lab, 'out', ['--max-steps', '1'])
  assert.equal((await third.exited).code, 3)
})
