/** A model card: what a model hub reads at its head, and then what people do. */
import { keysToSnake } from '../../base/casing.ts'
import { quantiles } from '../../math/vectors.ts'
import type { ModelFileConfig, PrototypeFile } from '../../protocol/model-folder.ts'
import type { CardFacts, JudgedModel } from './facts.ts'
import { frontMatter, type Yaml } from './front-matter.ts'
import type { TrainingSummary } from './training-summary.ts'

export interface CardWords {
  readonly name: string
  readonly license: string
  /** Of license `other`. */
  readonly licenseName: string | undefined
  readonly tags: readonly string[]
  /** Ids of a hub. */
  readonly datasets: readonly string[]
}

/** Protocols that tell classes apart; the others judge the features. */
const CLASSIFYING: ReadonlySet<string> = new Set(['knn', 'logistic', 'few_shot', 'linear', 'finetune'])

const short = (value: number): string => String(Number(value.toPrecision(4)))
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
const cell = (value: number | null): string => (value === null ? '' : short(value))
const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'images'

/**
 * Words of others within a card's text: of a folder, of a file that a model was made of, of an evaluation. A card is shown by hubs as its
 * owner's own page, and none of these may add a heading, a link, a row or HTML to it.
 */
const inline = (text: string): string => text.replace(/\s+/g, ' ').replace(/[\\`*_[\]|<>#!~&]/g, (mark) => `\\${mark}`)

/** Between backticks, in a row of a table too: nothing is escaped there, so what would end it is left out. */
const coded = (text: string): string => text.replace(/\s+/g, ' ').replace(/[`|]/g, '')

export function cardText(facts: CardFacts, words: CardWords): string {
  const sections = [
    `# ${inline(words.name)}`,
    introduction(facts.config),
    usage(facts.config),
    data(facts),
    recipe(facts.config),
    facts.training === null ? null : curves(facts.training),
    compute(facts),
    facts.prototypes === null ? null : kappa(facts.prototypes),
    facts.evaluations.length === 0 ? null : evaluations(facts.evaluations),
    facts.verification === null
      ? null
      : `## Files\n\nThe ONNX files agree with the training program on ${facts.verification.images} images: largest difference ${facts.verification.maxAbsError.toExponential(1)}, smallest cosine ${facts.verification.minCosine.toFixed(6)}.`
  ]
  return `${head(facts, words)}\n${sections.filter((one) => one !== null).join('\n\n')}\n`
}

function head({ config, evaluations: judged }: CardFacts, words: CardWords): string {
  const method = config.recipe?.method ?? config.method
  const tags = [
    'vision',
    'self-supervised',
    'vit',
    ...(method === null ? [] : [method]),
    'onnx',
    'safetensors',
    ...words.tags
  ]
  return frontMatter({
    license: words.license,
    ...(words.licenseName !== undefined && { license_name: words.licenseName }),
    library_name: 'kappa',
    pipeline_tag: 'image-feature-extraction',
    tags: [...new Set(tags)],
    ...(words.datasets.length > 0 && { datasets: words.datasets }),
    ...(judged.length > 0 && { 'model-index': [{ name: words.name, results: judged.map(indexed) }] })
  })
}

function indexed({ protocol, on, metrics }: JudgedModel): Yaml {
  const type = CLASSIFYING.has(protocol) ? 'image-classification' : 'image-feature-extraction'
  return {
    task: { type, name: protocol },
    dataset: { name: on, type: slug(on) },
    metrics: Object.entries(metrics).map(([name, { value }]) => ({
      type: name.startsWith('top1') ? 'accuracy' : name,
      value,
      name: `${protocol} ${name}`
    }))
  }
}

function introduction({
  arch,
  network,
  imageSize,
  embeddingDim,
  prototypes,
  method,
  recipe,
  origin,
  step
}: ModelFileConfig): string {
  const made =
    origin === null
      ? `trained with ${recipe?.method ?? method ?? 'Kappa'} for ${step} steps`
      : `made of \`${coded(origin.file)}\` (${inline(origin.format)}, SHA-256 \`${coded(origin.sha256)}\`)`
  const head = prototypes === null ? 'It has no prototypes.' : `Its head has ${prototypes} prototypes.`
  return (
    `A vision transformer (\`${coded(arch)}\`: ${network.depth} blocks of width ${network.dim}, patches of ${network.patchSize} px, images of ${imageSize} px, ` +
    `${network.channels === 1 ? 'one channel' : `${network.channels} channels`}), ${made} by Kappa. An embedding is a unit vector of ${embeddingDim} numbers. ${head}`
  )
}

const usage = ({ preprocessing, imageSize }: ModelFileConfig): string => `## Use

\`\`\`python
from transformers import AutoModel

model = AutoModel.from_pretrained("path/or/id", subfolder="huggingface", add_pooling_layer=False)
\`\`\`

The class token of its last hidden state, made a unit vector, is the embedding. \`embed.onnx\` gives it directly, \`assign.onnx\` cosines to the prototypes where there are any.
Images are resized (${preprocessing.resize === 'both_sides' ? 'both sides' : 'the shorter side'} to ${preprocessing.side} px, ${preprocessing.interpolation}), and ${imageSize} × ${imageSize} px cut from the middle.`

function data({ dataset, config }: CardFacts): string {
  if (dataset === null) {
    const why =
      config.origin === null
        ? 'The folder of its run was not there when this card was written.'
        : 'It was not trained here.'
    return `## Data\n\n${why}`
  }
  const classes =
    dataset.classes === null ? 'no classes' : `${dataset.classes.length} classes, which training does not see`
  return `## Data\n\n${dataset.images} images, ${classes}. Version (SHA-256 over their content): \`${coded(dataset.contentHash)}\`.`
}

function recipe({ recipe: made, continuedFrom }: ModelFileConfig): string {
  if (made === null) return '## Recipe\n\nNot trained here.'
  const { epochs, batchSize, prototypes } = made.hyperparameters
  const began =
    continuedFrom === undefined
      ? 'random weights'
      : `the weights of a ${inline(continuedFrom.source)} (\`${coded(continuedFrom.sha256)}\`)`
  const json = JSON.stringify(keysToSnake(made), null, 2)
  return `## Recipe

Preset \`${coded(made.preset)}\`, seed ${made.seed}, ${epochs} epochs of batches of ${batchSize}, ${prototypes} prototypes; it began at ${began}.

<details><summary>All of it</summary>

\`\`\`json
${json}
\`\`\`

</details>`
}

function curves({ curves: rows, steps }: TrainingSummary): string {
  const lines = rows.map(
    ({ name, first, middle, last }) => `| \`${name}\` | ${cell(first)} | ${cell(middle)} | ${cell(last)} |`
  )
  return `## Training

Means over tenths of ${steps} steps.

| metric | first | fifth | last |
|---|---|---|---|
${lines.join('\n')}`
}

/** Hours, devices and energy: each where it was measured, and otherwise not at all. */
function compute({ training, trainedWith }: CardFacts): string | null {
  const lines: string[] = []
  if (trainedWith !== null) {
    const { engine, device, precision, devices } = trainedWith
    const count = devices === undefined ? '' : `, ${devices} ${devices === 1 ? 'device' : 'devices'}`
    lines.push(`- Trained last with: ${inline(engine)} on ${inline(device)}${count}, products in ${inline(precision)}.`)
  }
  if (training !== null && training.seconds !== null)
    lines.push(`- Time in training steps: ${short(training.seconds / 3600)} hours.`)
  if (training?.energy) {
    const { kilowattHours, coveredShare, measurements } = training.energy
    lines.push(
      `- Energy of the GPUs alone: ${short(kilowattHours)} kWh, from ${measurements} readings of their power, which cover ${percent(coveredShare)} of that time.`
    )
  }
  return lines.length === 0 ? null : `## Compute\n\n${lines.join('\n')}`
}

function kappa({ prototypes, images, used, unique, topShare, alarm, fitted, posterior }: PrototypeFile): string {
  const spread = (values: readonly number[]) => quantiles(values, [0.05, 0.5, 0.95]).map(short).join(' / ')
  const lines = [
    `- κ = ‖w‖/τ of ${prototypes.length} prototypes, the precision with which the teacher assigns: 5/50/95 % ${spread(prototypes.map((one) => one.kappa))}.`
  ]
  if (used !== null && unique !== null && topShare !== null)
    lines.push(
      `- Of ${images} training images, ${used} prototypes are the likeliest of at least one (posterior \`${posterior}\`), ${unique} of them unlike each other; the busiest has ${percent(topShare)}.`
    )
  if (alarm !== null) lines.push(`- **Alarm**: ${inline(alarm)}`)
  const components = prototypes.flatMap(({ fitted: one }) => (one === null ? [] : [one.kappa]))
  if (fitted !== null && components.length > 0)
    lines.push(
      `- ${fitted.components} von Mises–Fisher components fitted to ${fitted.images} images, how tightly these lie: κ 5/50/95 % ${spread(components)}; ${short(fitted.heldOutLogLikelihood)} nats on each of ${fitted.heldOutImages} others, ${short(fitted.uniformLogLikelihood)} of the uniform density.`
    )
  return `## κ\n\n${lines.join('\n')}`
}

function evaluations(judged: readonly JudgedModel[]): string {
  const rows = judged.flatMap(({ protocol, on, metrics, queries }) =>
    Object.entries(metrics).map(
      ([name, { value, low, high }]) =>
        `| ${inline(protocol)} | ${inline(on)} (${queries}) | \`${coded(name)}\` | ${short(value)} | ${cell(low)} … ${cell(high)} |`
    )
  )
  return `## Evaluation

| protocol | images (how many were judged) | metric | value | 95 % interval |
|---|---|---|---|---|
${rows.join('\n')}`
}
