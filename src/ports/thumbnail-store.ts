/** Small pictures of stored images, by the hash of the image. They can be made again, so losing one is no loss. */
export interface ThumbnailStore {
  get(sha256: string): Promise<Uint8Array | undefined>
  put(sha256: string, bytes: Uint8Array): Promise<void>
  /** One that is not there is fine. */
  delete(sha256: string): Promise<void>
}
