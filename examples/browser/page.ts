/** The parts of the page, and what every part of the program does with them. */

export function element<E extends HTMLElement>(id: string, kind: new () => E): E {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`the page lacks #${id}`)
  return found
}

const status = element('status', HTMLElement)

export function say(words: string, kind: 'plain' | 'wrong' = 'plain'): void {
  status.textContent = words
  status.classList.toggle('wrong', kind === 'wrong')
}

/** Runs what a click asks for; what goes wrong is told in the page. */
export async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), 'wrong')
  }
}

export function onClick(id: string, work: () => Promise<void> | void): void {
  element(id, HTMLButtonElement).addEventListener('click', () => attempt(async () => work()))
}
