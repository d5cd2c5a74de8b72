// How a peer's process ends: with its answer as a line of JSON, or with one line that says what went wrong.

export const howToInstall = 'ONNXRUNTIME_NODE_INSTALL=skip npm ci --prefix bench installs the peers'

export async function answer(measure) {
  try {
    console.log(JSON.stringify(await measure()))
    // The threads of a runtime would keep the process alive.
    process.exit(0)
  } catch (error) {
    const [line] = error.message.split('\n')
    console.error(error.code === 'ERR_MODULE_NOT_FOUND' ? `${line}; ${howToInstall}` : line)
    process.exit(1)
  }
}
