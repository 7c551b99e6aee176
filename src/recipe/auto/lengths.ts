/** How long a run is, and the schedules that depend on it. */
import type { Preset } from '../presets/preset.ts'
import { smallImages } from '../presets/small-images.ts'
import type { Hyperparameters } from '../schema.ts'
import { coreClass } from './circumstances.ts'
import { count, counted, type Situation } from './situation.ts'

/** What two busy cores reached at least on the steps of small networks, each (bench/RESULTS.md; 43 and 24 the two, when idle). */
const FLOPS_OF_CORE = 10e9
/** What a run on a CPU should take: worth waiting for, and seen to its end by whoever started it. */
const CPU_BUDGET_S = 1800
const MOST_EPOCHS_OF_CPU = 200

/** Of DINO's 100 epochs of ImageNet, the shortest run that its authors publish. */
const GPU_IMAGES = 128e6
const FEWEST_EPOCHS_OF_GPU = 10
const MOST_EPOCHS_OF_GPU = 300

export const cpuFlops = (cores: number): number => FLOPS_OF_CORE * coreClass(cores)

/** Schedules that were asked for must end within the run. */
function leastEpochs({ wishes: { warmupEpochs, freezeLastLayerEpochs, teacherTemperature, ibot } }: Situation): number {
  const start = ibot?.masks?.startEpoch
  const ofPatches = (start ?? 0) + (ibot?.patchTeacherTemperature?.[2] ?? 0)
  const wanted = [
    warmupEpochs,
    freezeLastLayerEpochs,
    teacherTemperature?.[2],
    ofPatches,
    start === undefined ? 0 : start + 1
  ]
  return Math.max(...wanted.map((epochs) => epochs ?? 0))
}

/** @param flopsPerImage of student and teacher, forward and backward */
export function chooseEpochs(situation: Situation, batchSize: number, flopsPerImage: number): number {
  const {
    device,
    images: { images },
    wishes,
    say
  } = situation
  if (wishes.epochs !== undefined) return wishes.epochs
  const steps = Math.max(1, Math.floor(images / batchSize))
  const least = Math.max(1, leastEpochs(situation))
  if (device.kind === 'gpu') {
    const wanted = Math.round(GPU_IMAGES / Math.max(1, images))
    const epochs = Math.max(least, Math.min(MOST_EPOCHS_OF_GPU, Math.max(FEWEST_EPOCHS_OF_GPU, wanted)))
    say(
      `${counted(epochs, 'epoch')} of ${counted(steps, 'step')}: as many images as DINO's 100 epochs of ImageNet, within ${FEWEST_EPOCHS_OF_GPU} to ${MOST_EPOCHS_OF_GPU} epochs.`
    )
    return epochs
  }
  const cores = coreClass(device.cores)
  const inBudget = Math.floor((CPU_BUDGET_S * cpuFlops(cores)) / (flopsPerImage * steps * batchSize))
  const epochs = Math.max(least, Math.min(MOST_EPOCHS_OF_CPU, inBudget))
  const on = `on ${counted(cores, 'core')}`
  const why =
    inBudget < epochs
      ? `even so it takes longer than the half an hour ${on} that is planned for; a GPU is meant for so many images`
      : inBudget > epochs
        ? 'more passes over so few images have nothing new to show'
        : `what half an hour ${on} has time for`
  say(`${counted(epochs, 'epoch')} of ${counted(steps, 'step')}: ${why}.`)
  return epochs
}

/** In words, of seconds that are only known to about a factor of two. */
export function aboutSoLong(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds / 10) * 10)} seconds`
  if (seconds < 5400) return counted(Math.round(seconds / 60), 'minute')
  return seconds < 172_800 ? counted(Math.round(seconds / 3600), 'hour') : counted(Math.round(seconds / 86_400), 'day')
}

/** In shorter runs the teacher's momentum must not go on to 1: it would lag behind. */
const SHORT_STEPS = 5000
/** A sixth of DINO's shortest run; small networks stay with the sharp teacher, which is what was tried with them. */
const LONG_STEPS = 20_000

type Schedules = Pick<
  Hyperparameters,
  'warmupEpochs' | 'freezeLastLayerEpochs' | 'teacherTemperature' | 'teacherMomentum' | 'learningRate'
>

export interface Length {
  readonly epochs: number
  readonly stepsPerEpoch: number
}

/** Shortest run in epochs that a warm-up fits in; it is a tenth of the run then, and ten at most. */
const SHORTEST_WARMED = 4
const LONGEST_WARMUP = 10
/** DINO's is 30 of 100 to 800 epochs. */
const TEMPERATURE_WARMUP_SHARE = 0.3

/** `like` is the preset that the network learns like, `short` the one whose teacher short runs have. */
export function chooseSchedules(
  { wishes, say }: Situation,
  { epochs, stepsPerEpoch }: Length,
  { like, short }: { readonly like: Preset; readonly short: Preset }
): Schedules {
  const total = epochs * stepsPerEpoch
  const isWarmed = epochs >= SHORTEST_WARMED
  const warmupEpochs = isWarmed ? Math.min(LONGEST_WARMUP, Math.ceil(epochs / 10)) : 0
  const { learningRate: peak, teacherTemperature: usual } = like.hyperparameters
  const isLong = usual[2] > 0 && total >= LONG_STEPS && isWarmed
  const { teacherTemperature, studentTemperature, teacherMomentum } = (
    isLong ? like : total >= SHORT_STEPS ? smallImages : short
  ).hyperparameters
  const scale = (wishes.studentTemperature ?? studentTemperature) / studentTemperature
  const [start, end] = [teacherTemperature[0], teacherTemperature[1]].map((one) => Math.max(0.001, one * scale)) as [
    number,
    number
  ]
  const warm = isLong ? Math.min(teacherTemperature[2], Math.ceil(TEMPERATURE_WARMUP_SHARE * epochs)) : 0
  if (wishes.warmupEpochs === undefined) say(warmupInWords(epochs, warmupEpochs))
  if (wishes.teacherTemperature === undefined)
    say(
      isLong
        ? `The teacher's temperature rises from ${start} to ${end} within ${counted(warm, 'epoch')}, as DINO's: ${count(total)} steps are long enough.`
        : `A sharp teacher (temperature ${start}): with DINO's 0.04 short runs of small networks stayed on a plateau.`
    )
  if (wishes.teacherMomentum === undefined)
    say(
      `The teacher's momentum goes from ${teacherMomentum.join(' to ')}: ${count(total)} steps are ${total < SHORT_STEPS ? 'few, and it must not lag behind' : 'many, and it may follow slowly'}.`
    )
  return {
    warmupEpochs,
    freezeLastLayerEpochs: isLong ? like.hyperparameters.freezeLastLayerEpochs : 0,
    teacherTemperature: [start, end, warm],
    teacherMomentum,
    learningRate: isWarmed ? peak : peak / 2
  }
}

const warmupInWords = (epochs: number, warmupEpochs: number): string =>
  warmupEpochs === 0
    ? `No warm-up fits in ${counted(epochs, 'epoch')}: the learning rate is half of what it would be.`
    : `The learning rate warms up for ${counted(warmupEpochs, 'epoch')}: a tenth of the run, ${LONGEST_WARMUP} at most.`
