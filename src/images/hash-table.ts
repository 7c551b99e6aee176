/**
 * From hashes to the numbers of images. A Map takes 16.7 million entries at most and some 150 bytes for each; this is a
 * table with open addressing of 20 bytes a place, 27 to 53 bytes an image. 128 bits of a SHA-256 are as good as all.
 */
export interface HashTable {
  /** @returns the number that the hash has already, or null when it is new and has `image` from now on */
  add(hash: Uint8Array, image: number): number | null
}

const WORDS = 4
const SMALLEST = 1024
/** Of its places: three looks for what is there, nine for what is not. */
const FULLEST = 0.75
/** No image: the last number that 32 bits hold. */
const FREE = 0xffff_ffff

interface Places {
  readonly words: Uint32Array
  readonly images: Uint32Array
}

const emptyPlaces = (count: number): Places => {
  return { words: new Uint32Array(count * WORDS), images: new Uint32Array(count).fill(FREE) }
}

/** The hash's place, or the free one where it belongs. Hashes are spread evenly, so the next place will do. */
function placeOf({ words, images }: Places, key: Uint32Array): number {
  const mask = images.length - 1
  let place = key[0]! & mask
  while (images[place] !== FREE && key.some((word, i) => words[place * WORDS + i] !== word)) place = (place + 1) & mask
  return place
}

function put(places: Places, key: Uint32Array, image: number): void {
  const place = placeOf(places, key)
  places.words.set(key, place * WORDS)
  places.images[place] = image
}

function grown(places: Places): Places {
  const larger = emptyPlaces(places.images.length * 2)
  for (const [place, image] of places.images.entries()) {
    if (image !== FREE) put(larger, places.words.subarray(place * WORDS, (place + 1) * WORDS), image)
  }
  return larger
}

export function createHashTable(): HashTable {
  let places = emptyPlaces(SMALLEST)
  let taken = 0
  return {
    add(hash, image) {
      const key = new Uint32Array(WORDS)
      const view = new DataView(hash.buffer, hash.byteOffset, hash.byteLength)
      for (let i = 0; i < WORDS; i++) key[i] = view.getUint32(4 * i)
      const known = places.images[placeOf(places, key)]!
      if (known !== FREE) return known
      if (++taken > places.images.length * FULLEST) places = grown(places)
      put(places, key, image)
      return null
    }
  }
}
