/** Leaves the report of a run beside its models. */
import type { RunStore } from '../store.ts'
import type { ReportData } from './data.ts'
import { historyOf } from './history.ts'
import { reportOf } from './report.ts'

/** Writes the report of all that a run has told, before an interruption too. Throws `ResourceError` on a full disk. */
export async function saveReport(
  store: RunStore,
  outcome: Omit<ReportData, 'epochs' | 'steps' | 'skipped'>,
): Promise<void> {
  const history = await historyOf(store.events())
  await store.saveReport(await reportOf({ ...outcome, ...history }))
}
