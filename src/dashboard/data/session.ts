/** The API key of this browser tab. sessionStorage: it ends with the tab and other sites cannot read it. */
const STORAGE_KEY = 'kappa.key'

export const readKey = (): string | null => sessionStorage.getItem(STORAGE_KEY)
export const saveKey = (key: string): void => sessionStorage.setItem(STORAGE_KEY, key)
export const forgetKey = (): void => sessionStorage.removeItem(STORAGE_KEY)
