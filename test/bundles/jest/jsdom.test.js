/** @jest-environment jsdom */
test('counts', async () => {
  const { buildResNet, config, summarise } = await import('resnet-ts')
  expect(summarise(buildResNet(config('resnet50'))).parameters).toBe(25557032)
})
