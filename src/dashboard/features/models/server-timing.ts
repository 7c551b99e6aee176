/** `decode;dur=2.1, infer;dur=8` → ["decode 2.1 ms", "infer 8 ms"]. */
export function parseServerTiming(header: string | null): string[] {
  return (header ?? '').split(',').flatMap((entry) => {
    const [name = '', ...parameters] = entry.split(';').map((part) => part.trim())
    const duration = parameters.find((one) => one.startsWith('dur='))?.slice('dur='.length)
    const ms = Number(duration)
    return name !== '' && duration !== undefined && Number.isFinite(ms)
      ? [`${name} ${Math.round(ms * 10) / 10} ms`]
      : []
  })
}
