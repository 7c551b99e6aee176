/** Values of the environment, by name. What is wrong with one is added to `problems`, and read on as its default. */
export type Environment = Readonly<Record<string, string | undefined>>

export function createReader(env: Environment) {
  const problems: string[] = []
  const text = (name: string, fallback: string): string => env[name]?.trim() || fallback
  const optional = (name: string): string | null => env[name]?.trim() || null
  const integer = (name: string, fallback: number, [low, high]: readonly [number, number]): number => {
    const raw = env[name]?.trim()
    if (!raw) return fallback
    const value = Number(raw)
    if (!Number.isInteger(value) || value < low || value > high) {
      problems.push(`${name} must be a whole number from ${low} to ${high}, not ${JSON.stringify(raw)}`)
      return fallback
    }
    return value
  }
  const boolean = (name: string, fallback: boolean): boolean => {
    const raw = env[name]?.trim().toLowerCase()
    if (!raw) return fallback
    if (['true', '1', 'yes'].includes(raw)) return true
    if (['false', '0', 'no'].includes(raw)) return false
    problems.push(`${name} must be true or false, not ${JSON.stringify(raw)}`)
    return fallback
  }
  const oneOf = <T extends string>(name: string, values: readonly T[], fallback: T): T => {
    const raw = env[name]?.trim()
    if (!raw) return fallback
    const found = values.find((value) => value === raw)
    if (!found) problems.push(`${name} must be one of ${values.join(', ')}, not ${JSON.stringify(raw)}`)
    return found ?? fallback
  }
  const url = (name: string, protocols: readonly string[]): string | null => {
    const raw = env[name]?.trim()
    if (!raw) return null
    if (!URL.canParse(raw) || !protocols.includes(new URL(raw).protocol)) {
      problems.push(`${name} must be a URL that starts with ${protocols.map((one) => `${one}//`).join(' or ')}`)
    }
    return raw
  }
  const list = (name: string): readonly string[] =>
    (env[name] ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean)
  const fraction = (name: string, [low, high]: readonly [number, number]): number | null => {
    const raw = env[name]?.trim()
    if (!raw) return null
    const value = Number(raw)
    if (value >= low && value <= high) return value
    problems.push(`${name} must be a number from ${low} to ${high}, not ${JSON.stringify(raw)}`)
    return null
  }
  const gone = (name: string, instead: string): void => {
    if (env[name]?.trim()) problems.push(`${name} is no longer read: ${instead}`)
  }
  return { problems, text, optional, integer, fraction, boolean, oneOf, url, list, gone }
}

export type Reader = ReturnType<typeof createReader>
