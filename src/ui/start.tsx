import { render } from "ink";
import type { Clock } from "../kernel/effects.ts";
import type { AuraEvent, EventSink } from "../kernel/events.ts";
import { Dashboard } from "./dashboard.tsx";
import { INITIAL_VIEW, type Key, Keys, pressKey } from "./keys.tsx";
import { layoutFor, type Size } from "./layout.ts";
import { inkStdout, Screen } from "./screen.ts";
import { INITIAL_STATE } from "./state.ts";
import { reduce, replay } from "./store.ts";

export interface DashboardOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  readonly clock: Clock;
  /** `q` and Ctrl-C ask to finish what runs and stop; a second time, or `Q`, to stop now. */
  readonly onStop: (kind: "graceful" | "now") => void;
  /** Whether colours are written. Default: whether `stdout` is a terminal. */
  readonly color?: boolean;
  /** Events of the run so far, such as those of its journal, shown from the first frame on. */
  readonly history?: Iterable<AuraEvent>;
}

interface DashboardHandle {
  readonly sink: EventSink;
  /** Draws the last frame, which stays on the screen, and gives the terminal back. Safe to call again. */
  finish(): Promise<void>;
}

/** Between two looks at what changed, in milliseconds: events that come closer together share a frame. */
const FRAME_MS = 250;
/** How long `finish` waits for the terminal to take the last frame, in milliseconds. */
const FLUSH_MS = 300;

/** Shows a run on the terminal as its events come in, at most four times a second, until `finish`. */
export function startDashboard(options: DashboardOptions): DashboardHandle {
  const { stdin, stdout, clock, onStop, color = stdout.isTTY === true } = options;
  const interactive = stdin.isTTY === true;
  const screen = new Screen((text) => void stdout.write(text), stdout.isTTY === true);
  const finished = new AbortController();
  let state = options.history ? replay(options.history) : INITIAL_STATE;
  let view = INITIAL_VIEW;
  let shownProposed = state.counts.proposed;
  let shownSecond = -1;
  let dirty = true;

  const size = (): Size => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });

  const onKey = (key: Key): void => {
    const visible = layoutFor(size(), state).tableRows;
    const pressed = pressKey(view, key, { total: state.rows.length, visible });
    view = pressed.view;
    draw();
    if (pressed.stop) onStop(pressed.stop);
  };

  const frame = () => {
    const now = clock.now().getTime();
    shownSecond = Math.floor(now / 1000);
    dirty = false;
    return (
      <>
        <Dashboard {...{ state, view, size: size(), now, color, interactive }} />
        <Keys active={interactive} onKey={onKey} />
      </>
    );
  };

  const draw = (): void => {
    if (finished.signal.aborted) return;
    // A window that is scrolled down keeps showing the same rows while new ones arrive above it.
    if (view.scroll > 0) view = { ...view, scroll: view.scroll + state.counts.proposed - shownProposed };
    shownProposed = state.counts.proposed;
    instance.rerender(frame());
  };

  const onResize = (): void => {
    screen.invalidate();
    dirty = true;
  };

  const tick = async (): Promise<void> => {
    while (!finished.signal.aborted) {
      try {
        await clock.sleep(FRAME_MS, finished.signal);
      } catch {
        return;
      }
      const running = state.run !== null && state.finished === null;
      const second = Math.floor(clock.now().getTime() / 1000);
      if (dirty || (running && second !== shownSecond)) draw();
    }
  };

  // In debug mode Ink hands over each frame as a whole, without any cursor movement: that is the screen's work.
  const instance = render(frame(), {
    stdout: inkStdout(stdout, screen, () => size().columns),
    stdin,
    debug: true,
    patchConsole: false,
    exitOnCtrlC: false,
  });
  stdout.on("resize", onResize);
  void tick();

  return {
    sink(event) {
      state = reduce(state, event);
      dirty = true;
    },
    async finish() {
      if (finished.signal.aborted) return;
      draw();
      finished.abort();
      stdout.off("resize", onResize);
      screen.close();
      instance.unmount();
      // A terminal that is gone never confirms the last write.
      const waited = new AbortController();
      await Promise.race([
        new Promise<void>((resolve) => void stdout.write("", () => resolve())),
        clock.sleep(FLUSH_MS, waited.signal).catch(() => undefined),
      ]);
      waited.abort();
    },
  };
}
