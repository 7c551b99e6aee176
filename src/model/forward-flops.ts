/** What a model costs to answer with. */
import { blockWeights, leadingTokens, type Network, tokensOf } from '../recipe/network.ts'

/** One image through the backbone and the head: a block's weights and 4 n² d of attention, and the two ends. */
export function forwardFlops(network: Network): number {
  const { dim: d, depth, patchSize, channels, headHiddenDim: hidden, bottleneckDim: p, prototypes } = network
  const n = tokensOf(network)
  const head = d * hidden + hidden * hidden + hidden * p + p * prototypes
  return (
    depth * (2 * n * blockWeights(network) + 4 * n * n * d) +
    2 * (n - leadingTokens(network)) * patchSize ** 2 * channels * d +
    2 * head
  )
}
