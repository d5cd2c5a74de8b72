'use client'
import { useState } from 'react'
import { loadModel } from 'resnet-ts'

export default function Page() {
  const [answer, setAnswer] = useState('')
  async function classify(file) {
    const model = await loadModel('cifar10-resnet20')
    const [best] = await model.classify(file)
    setAnswer(JSON.stringify(best))
  }
  return (
    <main>
      <input
        type="file"
        onChange={({ target }) => classify(target.files[0]).catch((error) => setAnswer(String(error)))}
      />
      <output>{answer}</output>
    </main>
  )
}
