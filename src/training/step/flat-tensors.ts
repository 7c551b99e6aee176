/** The matrix of all trained parameters and its pieces as a program sees them; nothing here has a gradient that is needed. */
import { type Tensor, type Tensors, tf } from '../../engine/tf.ts'
import { type FlatLayout, isSmall, LANE, type Place } from './flat-layout.ts'

/** The parameter in its own shape: a view of one stretch of memory. */
export const pieceOf = (matrix: Tensor, { firstRow, elements, shape }: Place): Tensor =>
  tf.reshape(tf.slice(tf.reshape(matrix, [-1]), [firstRow * LANE], [elements]), [...shape])

/**
 * XLA computes what feeds a concatenation inside of it, but not where more than 96 tensors would meet; a small gradient is
 * padded and may be a sum of two. Products come out whole: any number of them is joined at once. With all 158 of ViT-S in one
 * concatenation each small one had a launch of its own, 80 in all.
 */
const MOST_JOINED = 48

/** @param pieces of every place, by name */
export function joinPieces({ places }: FlatLayout, pieces: Tensors): Tensor {
  const small = places.filter(isSmall)
  const groups = [places.slice(0, places.length - small.length)]
  for (let i = 0; i < small.length; i += MOST_JOINED) groups.push(small.slice(i, i + MOST_JOINED))
  const joined = groups
    .filter((group) => group.length > 0)
    .map((group) => tf.reshape(tf.concat(group.map((place) => stretchOf(place, pieces[place.name]!))), [-1, LANE]))
  // Of matrices: XLA takes a concatenation of concatenations for one.
  return tf.concat(joined)
}

function stretchOf({ elements, rows }: Place, piece: Tensor): Tensor {
  const stretch = tf.reshape(piece, [elements])
  const missing = rows * LANE - elements
  return missing === 0 ? stretch : tf.pad(stretch, [[0, missing]])
}
