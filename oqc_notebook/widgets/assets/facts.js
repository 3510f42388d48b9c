// What the kernel tells about jobs, and how states are named everywhere.

/**
 * @typedef {{name: string, total: number, distinct: number,
 *   bars: [string, number][], other: [number, number]}} Register
 * @typedef {{code: number | null, message: string}} JobError
 * @typedef {{run: number, state: string, symbol: string, received: string | null,
 *   zone_known: boolean, took_s: number | null, qpu_id: string | null, qpu: string | null, shots: number | null,
 *   task_id: string | null, error: JobError | null}} Run
 * @typedef {{text: string, bad: boolean}} Note
 * @typedef {{ahead: number | null, wait_s: number | null, window: string | null}} Queue
 * @typedef {{amount: string, words: string}} Cost
 * @typedef {{session: "open" | "closed" | "unopened" | "none",
 *   lost: string | null, unfollowed?: {since: string | null, why: string} | null,
 *   in_flight: boolean}} Reach
 * @typedef {Reach & {seq: number, note: Note | null, busy: string | null, name: string | null,
 *   queue: Queue | null, cost: Cost | null, state: string, symbol: string, simulated: boolean,
 *   can_execute: boolean, can_cancel: boolean, can_refresh: boolean}} CommonFacts
 * @typedef {CommonFacts & {kind: "job", label: string | null, status: string | null,
 *   qpu: {id: string, name: string}, shots: number, task_id: string | null,
 *   cancel_requested: boolean, times: Record<string, string>, queued_s: number | null,
 *   ran_s: number | null, took_s: number | null, error: JobError | null, registers: Register[],
 *   other_data: string | null, run_count: number, runs: Run[],
 *   restored?: {run: number, shown: string} | null}} JobFacts
 * @typedef {CommonFacts & {kind: "composite", children: number,
 *   tallies: Record<string, number>, qpus: string[], to_run_again: number,
 *   rerun_cost: Cost | null, failures: number, results: number, started: string | null,
 *   last_begun: string | null, ended: string | null}} CompositeFacts
 * @typedef {JobFacts | CompositeFacts} View
 * @typedef {{label: string, qpu: string, state: string, since: string | null,
 *   took_s: number | null, top: [string, number][], total: number, error: string | null,
 *   gone?: boolean}} Row
 * @typedef {Reach & {kind: "session", name: string | null, url: string,
 *   tallies: Record<string, number>}} SessionFacts
 * @typedef {{name: string, kind: string, qpu: string, state: string, since: string | null,
 *   took_s: number | null, runs: number, outcome: string, failed: boolean,
 *   gone: boolean}} JobRow what is gone keeps its place and is not shown
 * @typedef {Reach & {kind: "qpus", url: string, as_of: string}} QpusFacts
 * @typedef {{id: string, name: string, status: string, qubits: number | null,
 *   queue: number | null, wait_s: number | null, window: string | null, price: string | null,
 *   is_default: boolean, simulated: boolean}} QpuRowFacts
 * @typedef {{path: string, name: string, kind: string, modified: string}} SavedFile
 * @typedef {{do: string, seq: number, now: number, view?: Partial<View>,
 *   rows?: any, files?: SavedFile[], key?: string, answer?: any, index?: number | string | null,
 *   message?: any}} Message
 */

/** A state's symbol: never colour alone says what a state is. @type {Record<string, string>} */
export const SYMBOLS = {
  CREATED: "○",
  SUBMITTED: "…",
  RUNNING: "▶",
  COMPLETED: "✓",
  FAILED: "✕",
  CANCELLED: "⊘",
  UNKNOWN: "?",
};

/** States in which a run has ended. */
export const ENDED = ["COMPLETED", "FAILED", "CANCELLED"];

/**
 * Tell which run a view shows. The kernel compares it with the run that there is when it
 * gets to handle a click, so that a late click does not run another time.
 * @param {View} view
 */
export function runShown(view) {
  return view.kind === "job" ? `${view.task_id ?? ""}/${view.run_count}` : view.started;
}

/**
 * Tell the newest run in a view, of whichever child, for a click that would run all of them.
 * @param {View} view
 */
export function newestRun(view) {
  return view.kind === "job" ? runShown(view) : view.last_begun;
}

/**
 * Tell why nothing can be asked of the server now, or null.
 * @param {Reach} view
 */
export function whyNoSession(view) {
  if (view.session === "closed") return "The session is closed";
  if (view.session === "unopened") return "The session is not open";
  return view.session === "none" ? "It belongs to no session" : null;
}
