/** The feed-forward half of a block: normalize, widen, GELU or SwiGLU, narrow. */
import { type Activation, GELU } from '../engine/ops/activation.ts'
import { withGradient } from '../engine/ops/fused.ts'
import { columnSums, product } from '../engine/ops/linear.ts'
import { type Normalized, normalizeBackward, normalizeForward } from '../engine/ops/normalize.ts'
import { join, pieceSizes, split, total } from '../engine/ops/pieces.ts'
import { type Tensor, tf } from '../engine/tf.ts'
import type { Affine, FoldedNorm } from './fold.ts'

export interface FeedForward {
  /** Of `foldNorm`. */
  readonly widen: FoldedNorm
  readonly narrow: Affine
  /** GELU unless it is given. */
  readonly activation?: Activation
}

/** What one piece of rows keeps for the backward pass. */
interface Kept extends Normalized {
  /** Before the activation. */
  readonly z: Tensor
}

const affine = (x: Tensor, { weight, bias }: Affine): Tensor => tf.add(product(x, weight, { transposeB: true }), bias)

function forwardPiece(x: Tensor, { widen, narrow, activation = GELU }: FeedForward): { y: Tensor; kept: Kept } {
  const normalized = normalizeForward(x, widen.epsilon)
  const z = affine(normalized.value, widen)
  return { y: affine(activation.forward(z), narrow), kept: { ...normalized, z } }
}

interface PieceGradients {
  readonly x: Tensor
  readonly weights: readonly [widenWeight: Tensor, widenBias: Tensor, narrowWeight: Tensor]
}

interface Weights {
  readonly activation: Activation
  readonly w1: Tensor
  readonly w2: Tensor
}

function backwardPiece(dy: Tensor, { z, ...normalized }: Kept, { activation, w1, w2 }: Weights): PieceGradients {
  const { value: h, gradient } = activation.again(z)
  const dz = gradient(product(dy, w2))
  return {
    x: normalizeBackward(product(dz, w1), normalized),
    weights: [tf.matMul(dz, normalized.value, true, false), columnSums(dz), tf.matMul(dy, h, true, false)]
  }
}

/** x [rows, D] → [rows, D], without the residual. */
export function feedForward(x: Tensor, layers: FeedForward): Tensor {
  const { widen, narrow, activation = GELU } = layers
  const sizes = pieceSizes(x.shape[0]!, widen.weight.shape[0]!)
  return withGradient({
    inputs: [x, widen.weight, widen.bias, narrow.weight, narrow.bias] as const,
    forward: () => {
      const pieces = split(x, sizes).map((piece) => forwardPiece(piece, layers))
      const saved = pieces.flatMap(({ kept }) => [kept.value, kept.inverseDeviation, kept.z])
      return { value: join(pieces.map(({ y }) => y)), saved }
    },
    backward: (dy, [, w1, , w2], saved) => {
      const pieces = split(dy, sizes).map((piece, i) => {
        const [value, inverseDeviation, z] = saved.slice(3 * i, 3 * i + 3) as [Tensor, Tensor, Tensor]
        return backwardPiece(piece, { value, inverseDeviation, z }, { activation, w1, w2 })
      })
      const [dW1, db1, dW2] = [0, 1, 2].map((k) => total(pieces.map(({ weights }) => weights[k]!)))
      return [join(pieces.map((piece) => piece.x)), dW1!, db1!, dW2!, columnSums(dy)]
    }
  })
}
