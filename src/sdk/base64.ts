/** Base64 where there may be no Buffer: in browsers, and in runtimes that are neither. */

/** Arguments of one call; engines take some ten thousand. */
const CHUNK = 0x2000

export const bytesOfBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))

export function base64Of(bytes: Uint8Array): string {
  const letters: string[] = []
  for (let at = 0; at < bytes.length; at += CHUNK) letters.push(String.fromCharCode(...bytes.subarray(at, at + CHUNK)))
  return btoa(letters.join(''))
}
