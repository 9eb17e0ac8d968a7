import { useState } from 'react';
import type { TaskConfig } from '#shared/aggregation/config.ts';
import { reportBytes } from '#shared/aggregation/report.ts';
import { reportMap } from '#shared/aggregation/report-map.ts';
import { specimenReport } from '#shared/aggregation/specimen.ts';
import { tweetnacl } from '#shared/crypto/primitives.ts';
import { toHex } from '#shared/domain/bytes.ts';
import { Table, useDesk } from '../frame.tsx';

/** uint32 words of the browser's generator. */
const webRng = () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/** A report, byte by byte, made here by the code that phones run, and opened with throw-away keys. */
export function LeavesPhone({ config }: { readonly config: TaskConfig }) {
  const { words } = useDesk();
  const { bytes, fields, readers } = words.audit;
  const [specimen] = useState(() => specimenReport(tweetnacl, config, webRng));
  const map = reportMap(config.dim);
  const hex = (offset: number, length: number): string =>
    `${toHex(specimen.bytes.subarray(offset, offset + Math.min(length, 8)))}${length > 8 ? '…' : ''}`;
  const rows = map.map((f) => [
    f.offset,
    f.length,
    fields[f.field] ?? f.field,
    <code key="hex">{hex(f.offset, f.length)}</code>,
    readers[f.reader],
  ]);
  return (
    <section className="card" aria-labelledby="leaves">
      <h2 id="leaves">{words.audit.leaves}</h2>
      <p className="quiet number">{words.audit.leavesLead(reportBytes(config.dim), config.dim)}</p>
      <Table
        label={words.audit.leaves}
        head={[bytes.offset, bytes.length, bytes.field, bytes.hex, bytes.reader]}
        rows={[...rows, ['', map.reduce((n, f) => n + f.length, 0), words.audit.sum, '', '']]}
      />
      <p>
        {words.audit.leaderReads} <code>{specimen.leaderReads.join(' ')} …</code>
      </p>
      <p>
        {words.audit.helperReads} <code>{specimen.helperReads.accountTag.slice(0, 16)}…</code>,{' '}
        <code>{specimen.helperReads.maskSeed.slice(0, 16)}…</code>
      </p>
      <h3>{words.audit.unprotected}</h3>
      <p>{words.audit.unprotectedText}</p>
    </section>
  );
}
