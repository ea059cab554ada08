/** What OpenTelemetry's conventions call types of providers, where that differs from our own name. */
const conventional: Readonly<Record<string, string>> = {
  'azure-openai': 'azure.ai.openai',
  bedrock: 'aws.bedrock',
  google: 'gcp.gemini',
  'google-vertex': 'gcp.vertex_ai',
  xai: 'x_ai',
}

export const telemetryName = (type: string): string => conventional[type] ?? type
