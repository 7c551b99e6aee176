/**
 * What an evaluation takes, told by counts alone: before it is queued by what records say, and once more when the labels
 * are read. One process computes it, on one core, with everything in its memory.
 */
import {
  type ChosenSettings,
  FINETUNE_EPOCHS,
  FINETUNE_RATES,
  LINEAR_EPOCHS,
  type Protocol,
  type TrainedProtocol
} from './evaluation.ts'

export interface EvaluationSize {
  readonly bankImages: number
  /** Null: the bank is judged. */
  readonly queryImages: number | null
  /** Of an embedding. */
  readonly dimensions: number
  /** Null where nobody has counted them yet; what depends on them is left out. */
  readonly classes: number | null
  readonly settings: ChosenSettings
}

/** Numbers of all embeddings together: 350,000 images of 384 dimensions. */
export const MOST_FEATURES = 2 ** 27

/**
 * Of a protocol. Float32 rows, a copy of unit length and two in float64 are 28 bytes a number when a bank is judged by
 * itself; what is kept for every judged image comes on top.
 */
export const MOST_BYTES = 6 * 2 ** 30
const BYTES_A_FEATURE = 28
const BYTES_A_WHOLE_FEATURE = 4
const BYTES_A_NEIGHBOR = 12
const BYTES_A_VOTE = 8

/** Products and sums of a protocol: an hour or two on a core of 2026, at 0.5 to 1 · 10⁹ a second. */
export const MOST_PRODUCTS = 4e12

/**
 * Of what trains, which sees every image of its bank anew in each epoch: the 12 hours that an evaluation may take, at 5 · 10¹⁰ a second.
 * Two cores of 2026 do 1.3 · 10¹¹ of ViT-S, and a tenth of that of the smallest networks, whose images cost next to nothing.
 */
export const MOST_TRAINED = 2e15
/** Learning rates that it trains a classifier for, each with two products a weight and image. */
const CLASSIFIERS = 10
/** Of the last four blocks. */
const PROBED_BLOCKS = 4
/** At once: weights and momentum, as they are and as they will be, and the gradient; logits, their log-softmax, errors, targets. */
const STATE_COPIES = 5
const LOGIT_COPIES = 4
const TRAINED_BATCH = 1024

/** Counted as so many products each, from times on the same features: a comparison of a sort, a step of the eigenvalues. */
const PRODUCTS_A_COMPARISON = 20
const PRODUCTS_AN_EIGENVALUE = 42 * 4

/** Of L-BFGS, each with two products a weight and image; on the demo's features 141 for the weakest penalty. */
const ITERATIONS = 100
const FITS = 10
const FOLDS = 5
const FEW_SHOT_SIZES = 5
const DRAWS = 20
const LARGEST_K = 200

/** As the end of a sentence, `takes …`; null for what may be computed. */
export function tooMuch(protocol: Protocol, size: EvaluationSize): string | null {
  const bytes = bytesOf(size)
  if (bytes > MOST_BYTES) return `takes ${(bytes / 2 ** 30).toFixed(1)} GiB, and ${MOST_BYTES / 2 ** 30} are the most`
  return tooManyProducts(productsOf(protocol, size), MOST_PRODUCTS)
}

/** What a network takes. */
export interface TrainedNetwork {
  /** Products of one image through the backbone. */
  readonly forward: number
  /** Of finetune's step, which has all of it in memory. */
  readonly finetuneBytes: number
}

/** The same of those that train. */
export function tooMuchToTrain(
  protocol: TrainedProtocol,
  network: TrainedNetwork,
  size: EvaluationSize
): string | null {
  const { bytes, products } = protocol === 'linear' ? linearCost(network, size) : finetuneCost(network, size)
  if (bytes > MOST_BYTES) return `takes ${(bytes / 2 ** 30).toFixed(1)} GiB, and ${MOST_BYTES / 2 ** 30} are the most`
  const many = tooManyProducts(products, MOST_TRAINED)
  return many && `${many}: fewer epochs or images would do`
}

interface Cost {
  readonly bytes: number
  readonly products: number
}

/** Weights and two moments, as they are and as they will be, and the gradient. */
export const FINETUNED_COPIES = 7

/** Forward once, and a backward pass of twice as much, at each rate; classifiers are small beside the backbone. */
function finetuneCost(
  network: TrainedNetwork,
  { bankImages, queryImages, dimensions, classes, settings }: EvaluationSize
): Cost {
  const { epochs = FINETUNE_EPOCHS, rates = FINETUNE_RATES } = settings
  const forward = network.forward + dimensions * (classes ?? 0)
  const seen = 3 * rates.length * epochs * bankImages + (rates.length * bankImages) / 10 + (queryImages ?? 0)
  const classifier = 4 * FINETUNED_COPIES * dimensions * (classes ?? 0)
  return { bytes: network.finetuneBytes + classifier, products: seen * forward }
}

function linearCost({ forward }: TrainedNetwork, size: EvaluationSize): Cost {
  const { bankImages, queryImages, dimensions, classes, settings } = size
  const read = PROBED_BLOCKS * dimensions
  const bytes = 4 * CLASSIFIERS * (classes ?? 0) * (STATE_COPIES * read + LOGIT_COPIES * TRAINED_BATCH)
  const classifiers = 2 * CLASSIFIERS * read * (classes ?? 0)
  const seen = bankImages * (settings.epochs ?? LINEAR_EPOCHS) + bankImages / 10 + (queryImages ?? 0)
  return { bytes, products: seen * (forward + classifiers) }
}

/** Of copy_detection and revisited, which show a network larger images than others do. */
export interface NamedSize {
  /** Images that are looked through. */
  readonly ranked: number
  /** And that look. */
  readonly judged: number
  /** That whitening is learned from; null where it is not. */
  readonly whitened: number | null
  /** Numbers that are compared of an image. */
  readonly dimensions: number
  readonly patches: number
  /** Products of one image. */
  readonly forward: number
}

/** An image of 1,024 pixels with patches of 16: with 12 heads 1.6 GB of attention, twice. */
const MOST_PATCHES = 4096

/** The same of these. */
export function tooMuchByNames(size: NamedSize): string | null {
  const { ranked, judged, whitened, dimensions, patches, forward } = size
  if (patches > MOST_PATCHES) return `shows images of ${patches} patches, and ${MOST_PATCHES} are the most`
  const images = ranked + judged + (whitened ?? 0)
  const many = tooManyFeatures({ bankImages: images, queryImages: null, dimensions })
  if (many !== null) return `takes too much: ${many}`
  const eigen = whitened === null ? 0 : (whitened * dimensions ** 2) / 2 + PRODUCTS_AN_EIGENVALUE * dimensions ** 3
  return (
    tooManyProducts(ranked * judged * dimensions + eigen, MOST_PRODUCTS) ??
    tooManyProducts(images * forward, MOST_TRAINED)
  )
}

const tooManyProducts = (products: number, most: number): string | null =>
  products <= most
    ? null
    : `takes ${products.toExponential(1)} products and sums, and ${most.toExponential(0)} are the most`

/** Of all images, whatever is measured; null when they fit. */
export function tooManyFeatures({
  bankImages,
  queryImages,
  dimensions
}: Pick<EvaluationSize, 'bankImages' | 'queryImages' | 'dimensions'>): string | null {
  const images = bankImages + (queryImages ?? 0)
  if (images * dimensions <= MOST_FEATURES) return null
  const most = Math.floor(MOST_FEATURES / dimensions)
  return `${images} images of ${dimensions} dimensions are too many for one process: ${most} are the most`
}

/** Dimensions that are looked at. */
const comparedOf = ({ dimensions, settings }: EvaluationSize): number => settings.dimensions ?? dimensions
const judgedOf = ({ bankImages, queryImages }: EvaluationSize): number => queryImages ?? bankImages
const kOf = ({ settings, bankImages }: EvaluationSize): number =>
  Math.min(bankImages, Math.max(...(settings.k ?? [LARGEST_K])))

function bytesOf(size: EvaluationSize): number {
  const judged = judgedOf(size)
  const images = size.bankImages + (size.queryImages ?? 0)
  const features = images * comparedOf(size)
  // Cut rows lie beside the whole ones, which other numbers of dimensions are cut from.
  const cut = size.settings.dimensions === undefined ? 0 : images * size.dimensions * BYTES_A_WHOLE_FEATURE
  const kept = judged * (kOf(size) * BYTES_A_NEIGHBOR + (size.classes ?? 0) * BYTES_A_VOTE)
  return features * BYTES_A_FEATURE + cut + kept
}

/** evaluation/kept-neighbors.ts: 200 images among 10,000, six times. */
const recalled = (images: number, dimensions: number): number =>
  6 * Math.min(200, images) * Math.min(10_000, images) * dimensions

function productsOf(protocol: Protocol, size: EvaluationSize): number {
  const { bankImages, queryImages, classes, settings } = size
  const dimensions = comparedOf(size)
  const judged = judgedOf(size)
  const pairs = judged * bankImages
  // The Hessian that it begins with, then the iterations: of one fit to the whole bank.
  const fit = (bankImages * dimensions ** 2) / 2 + 2 * bankImages * dimensions * (classes ?? 0) * ITERATIONS
  switch (protocol) {
    case 'knn':
      return pairs * dimensions + judged * kOf(size) ** 2
    case 'prototypes':
      return pairs * dimensions
    case 'retrieval':
      return pairs * (dimensions + PRODUCTS_A_COMPARISON * Math.log2(bankImages + 1))
    case 'logistic':
      return fit * FITS * (queryImages === null ? FOLDS : 1)
    case 'few_shot':
      // A tenth of the bank is the most that is learned from; all that is judged goes through the weights once.
      return ((settings.draws ?? DRAWS) * FEW_SHOT_SIZES * fit) / 10
    case 'label_free':
      return (
        (bankImages * dimensions ** 2) / 2 + PRODUCTS_AN_EIGENVALUE * dimensions ** 3 + recalled(bankImages, dimensions)
      )
    case 'clustering':
      return judged
  }
}
