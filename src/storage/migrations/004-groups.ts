/** Finding the first request of a group, and who made a picture that is to be edited. */
export const groupIndexes: readonly string[] = [
  'CREATE INDEX requests_by_group ON requests (project_id, request_group, id) WHERE request_group IS NOT NULL',
  "CREATE INDEX assets_by_content ON assets (sha256, project_id) WHERE role = 'output'",
]
