/**
 * Where the API itself keeps the objects, its signed URLs name the address that it was configured with, which may not be
 * the one this page was opened at (localhost for 127.0.0.1, a tunnel): another origin to the browser, and refused. The
 * token in the path is all that is signed. URLs of an object store of its own are left alone.
 */
export function reachableUrl(url: string, pageOrigin: string): string {
  const { pathname, search } = new URL(url, pageOrigin)
  return pathname.startsWith('/v1/objects/') ? `${pageOrigin}${pathname}${search}` : url
}
