/** What a daily reminder says, and when it first comes. */
export interface Reminder {
  readonly title: string;
  /** Address of the app. */
  readonly url: string;
  /** Local day of the first one, `YYYYMMDD`. */
  readonly firstDay: string;
  /** Moment the file is made, `YYYYMMDDTHHMMSSZ`. */
  readonly stamp: string;
  readonly uid: string;
}

const escaped = (text: string): string => text.replace(/[\\;,]/g, (c) => `\\${c}`).replace(/\n/g, '\\n');

/** Lines of at most 75 octets, as RFC 5545 section 3.1 asks; never inside a character. */
function folded(line: string): string {
  const parts: string[] = [];
  let [part, octets] = ['', 0];
  for (const c of line) {
    const size = new TextEncoder().encode(c).length;
    if (octets + size > (parts.length === 0 ? 75 : 74)) {
      parts.push(part);
      [part, octets] = ['', 0];
    }
    part += c;
    octets += size;
  }
  return [...parts, part].join('\r\n ');
}

/** An iCalendar file (RFC 5545) with a reminder every day at 19:00 local time, half an hour long. */
export function dailyReminder({ title, url, firstDay, stamp, uid }: Reminder): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//ExamsGraph//Reminders//EN',
    'BEGIN:VEVENT',
    `UID:${uid}`,
    `DTSTAMP:${stamp}`,
    `DTSTART:${firstDay}T190000`,
    'DURATION:PT30M',
    'RRULE:FREQ=DAILY',
    `SUMMARY:${escaped(title)}`,
    `URL:${url}`,
    'BEGIN:VALARM',
    'ACTION:DISPLAY',
    `DESCRIPTION:${escaped(title)}`,
    'TRIGGER:PT0M',
    'END:VALARM',
    'END:VEVENT',
    'END:VCALENDAR',
  ];
  return `${lines.map(folded).join('\r\n')}\r\n`;
}
