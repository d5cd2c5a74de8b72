/** @jest-environment node */
test('classifies', async () => {
  const { loadModel } = await import('resnet-ts')
  const model = await loadModel('cifar10-resnet20')
  const [best] = await model.classify('picture.png')
  expect(best.label).toBe('bird')
})
