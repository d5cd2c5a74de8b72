import { type Model, writeModel } from 'resnet-ts'

/** A model's file, as `loadModel` and the command's `--model` read it. */
export async function fileOf(model: Model): Promise<Blob> {
  const chunks: BlobPart[] = []
  for await (const chunk of writeModel(model)) chunks.push(new Uint8Array(chunk))
  return new Blob(chunks)
}

/** Lets a link of the page download a file. */
export function offer(link: HTMLAnchorElement, file: Blob, name: string): void {
  URL.revokeObjectURL(link.href)
  link.href = URL.createObjectURL(file)
  link.download = name
  link.hidden = false
}
