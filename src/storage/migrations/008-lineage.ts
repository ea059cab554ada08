/** Finding the requests that were given a picture: the other side of `assets_by_content`. */
export const lineageIndexes: readonly string[] = [
  "CREATE INDEX assets_given ON assets (sha256, project_id, request_id) WHERE role NOT IN ('output', 'original', 'partial')",
]
