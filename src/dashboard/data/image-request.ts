/** An image as the body of a request, as it is: openapi.yaml has no word for bytes but string. */
export const imageRequest = (image: File, signal: AbortSignal) => ({
  body: image as unknown as string,
  bodySerializer: (body: unknown) => body,
  headers: { 'content-type': image.type || 'application/octet-stream' },
  signal
})
