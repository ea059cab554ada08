/** A small key-value cache with expiry. A miss is undefined; errors of a remote cache are misses, logged by the backend. */
export interface Cache {
  get(key: string): Promise<Uint8Array | undefined>
  set(key: string, value: Uint8Array, ttlMs: number): Promise<void>
  delete(key: string): Promise<void>
  close(): Promise<void>
}
