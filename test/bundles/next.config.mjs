export default {
  serverExternalPackages: ['resnet-ts'],
  output: 'standalone',
  // For `standalone`: the shipped model, which Next does not see.
  outputFileTracingIncludes: { '/api/classify': ['./node_modules/resnet-ts/models/**'] },
}
