/**
 * Whether a hash of 64 bits is within NEAR bits of one that came before. Two such hashes agree in one of four bands of 16 bits at
 * least, so only those that share a band are compared: of n evenly spread ones n / 16,384, and MOST_COMPARED at most, newest first.
 * 24 to 48 bytes an image.
 */
export interface NearHashes {
  /** False when it is near an earlier one; then it is not kept, so that a thousand copies cost no more than one. */
  add(hash: readonly [high: number, low: number]): boolean
}

export const NEAR = 3
const BANDS = 4
const BUCKETS = 65_536
const MOST_COMPARED = 1000
const NONE = -1

function bitsOf(word: number): number {
  let v = word - ((word >>> 1) & 0x5555_5555)
  v = (v & 0x3333_3333) + ((v >>> 2) & 0x3333_3333)
  return (((v + (v >>> 4)) & 0x0f0f_0f0f) * 0x0101_0101) >>> 24
}

const bandOf = ([high, low]: readonly [number, number], band: number): number =>
  ((band < 2 ? high : low) >>> (band % 2 === 0 ? 0 : 16)) & 0xffff

export function createNearHashes(): NearHashes {
  let words = new Uint32Array(2 * 1024)
  /** Of each hash and band, the one before it in its bucket. */
  let before = new Int32Array(BANDS * 1024)
  const newest = new Int32Array(BANDS * BUCKETS).fill(NONE)
  let count = 0

  function isKnown(hash: readonly [number, number]): boolean {
    for (let band = 0; band < BANDS; band++) {
      let compared = 0
      for (
        let i = newest[band * BUCKETS + bandOf(hash, band)]!;
        i !== NONE && compared < MOST_COMPARED;
        i = before[BANDS * i + band]!, compared++
      ) {
        if (bitsOf(words[2 * i]! ^ hash[0]) + bitsOf(words[2 * i + 1]! ^ hash[1]) <= NEAR) return true
      }
    }
    return false
  }

  function grow(): void {
    const [oldWords, oldBefore] = [words, before]
    words = new Uint32Array(2 * oldWords.length)
    before = new Int32Array(2 * oldBefore.length)
    words.set(oldWords)
    before.set(oldBefore)
  }

  return {
    add(hash) {
      if (isKnown(hash)) return false
      if (2 * count === words.length) grow()
      words.set(hash, 2 * count)
      for (let band = 0; band < BANDS; band++) {
        const bucket = band * BUCKETS + bandOf(hash, band)
        before[BANDS * count + band] = newest[bucket]!
        newest[bucket] = count
      }
      count++
      return true
    }
  }
}
