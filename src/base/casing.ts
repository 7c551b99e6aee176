/** snake_case in JSON that others read and write, camelCase in code. */

export const snakeKey = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const camelKey = (key: string): string => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

function mapKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => mapKeys(item, rename))
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [rename(key), mapKeys(item, rename)]))
}

/** At every depth. */
export const keysToSnake = (value: unknown): unknown => mapKeys(value, snakeKey)

/** At every depth. */
export const keysToCamel = (value: unknown): unknown => mapKeys(value, camelKey)

/** `/hyperparameters/batchSize` → `/hyperparameters/batch_size` */
export const pointerToSnake = (pointer: string): string => snakeKey(pointer)
