import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { usePorts } from '#client/tutor/learner-ports.tsx';
import type { Tutor } from '#client/tutor/tutor.ts';
import { visibleTimer } from '#client/ui/visible-timer.ts';
import { oneAtATime } from '#shared/domain/one-at-a-time.ts';
import { type Choice, choiceToList } from '#shared/packs/grade.ts';
import type { ExamMark, ExamRow } from '#shared/tracking/rows.ts';

const TYPING_MS = 400;
const BLANK: ExamMark = { choice: [], flagged: false, ms_raw: 0 };

/** Milliseconds left on the wall clock, told every second; null untimed. Calls `onOver` once when it is up. */
export function useTimeLeft(exam: ExamRow, onOver: () => void): number | null {
  const { moment } = usePorts();
  const leftNow = () => (exam.deadline === null ? null : Math.max(0, exam.deadline - moment().at));
  const [left, setLeft] = useState(leftNow);
  const over = useRef(false);
  const tick = useEffectEvent(() => {
    const now = leftNow();
    setLeft(now);
    if (now === 0 && !over.current) {
      over.current = true;
      onOver();
    }
  });
  useEffect(() => {
    tick();
    const timer = setInterval(tick, 1000);
    return () => clearInterval(timer);
  }, []);
  return left;
}

/** A running mock exam: the question on screen, what was marked, and each mark written as it is made. */
export function useExam(tutor: Tutor, exam: ExamRow) {
  const { item_ids, session_id } = exam;
  const [place, setPlace] = useState(() =>
    Math.max(
      0,
      item_ids.findIndex((id) => !exam.marks[id]?.choice.length),
    ),
  );
  const [marks, setMarks] = useState(exam.marks);
  const [isUnsaved, setUnsaved] = useState(false);
  const [timer] = useState(() => visibleTimer(performance.now(), document));
  const [inTurn] = useState(oneAtATime);
  const waiting = useRef<ReturnType<typeof setTimeout> | null>(null);
  const latest = useRef(marks);
  const dirty = useRef(new Set<string>());
  const itemId = item_ids[place] ?? '';

  /** Writes every mark that is not on the device yet. @throws StorageFault */
  const flush = () =>
    inTurn(async () => {
      if (waiting.current) clearTimeout(waiting.current);
      waiting.current = null;
      for (const id of [...dirty.current]) {
        // before it is written, not after: what is marked meanwhile is written by the next turn
        dirty.current.delete(id);
        await tutor.markExam(session_id, id, latest.current[id] ?? BLANK).catch((fault: unknown) => {
          dirty.current.add(id);
          throw fault;
        });
      }
      setUnsaved(false);
    });
  const save = () => void flush().catch(() => setUnsaved(true));
  const put = (more: Partial<ExamMark>, delayMs: number) => {
    const mark = latest.current[itemId] ?? BLANK;
    const spent = timer.elapsed(performance.now());
    timer.restart(performance.now());
    latest.current = { ...latest.current, [itemId]: { ...mark, ms_raw: mark.ms_raw + spent, ...more } };
    dirty.current.add(itemId);
    setMarks(latest.current);
    if (waiting.current) clearTimeout(waiting.current);
    if (delayMs === 0) save();
    else waiting.current = setTimeout(save, delayMs);
  };
  /** What was typed a moment ago is written at once when the page is hidden or left. */
  const keep = useEffectEvent(() => {
    if (waiting.current) save();
  });
  useEffect(() => {
    const hide = () => {
      if (document.visibilityState === 'hidden') keep();
    };
    document.addEventListener('visibilitychange', hide);
    return () => {
      document.removeEventListener('visibilitychange', hide);
      keep();
      timer.stop();
    };
  }, [timer]);
  const mark = marks[itemId] ?? BLANK;
  return {
    place,
    itemId,
    marks,
    mark,
    isUnsaved,
    flush,
    save,
    choose: (choice: Choice) => put({ choice: choiceToList(choice) }, choice.kind === 'options' ? 0 : TYPING_MS),
    flag: () => put({ flagged: !mark.flagged }, 0),
    go(to: number) {
      if (marks[itemId] || timer.elapsed(performance.now()) > 500) put({}, 0);
      setPlace(Math.min(item_ids.length - 1, Math.max(0, to)));
      scrollTo({ top: 0 });
    },
  };
}
