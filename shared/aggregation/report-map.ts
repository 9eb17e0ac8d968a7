import { HEADER_BYTES } from './header.ts';
import { HELPER_BOX_BYTES, leaderBoxBytes } from './report.ts';

/** A stretch of a report's bytes, and who can read it. */
export interface ReportField {
  readonly offset: number;
  readonly length: number;
  readonly field:
    | 'magic'
    | 'versions'
    | 'task_id'
    | 'report_id'
    | 'config_hash'
    | 'base_hash'
    | 'base_version'
    | 'dim'
    | 'key_ids'
    | 'reserved'
    | 'leader_box'
    | 'helper_box'
    | 'device_pk'
    | 'signature';
  readonly reader: 'leader' | 'helper';
}

/** Every byte of a report in order; lengths sum to the body's. */
export function reportMap(dim: number): readonly ReportField[] {
  const parts: readonly (readonly [ReportField['field'], number, ReportField['reader']])[] = [
    ['magic', 4, 'leader'],
    ['versions', 4, 'leader'],
    ['task_id', 16, 'leader'],
    ['report_id', 16, 'leader'],
    ['config_hash', 32, 'leader'],
    ['base_hash', 32, 'leader'],
    ['base_version', 4, 'leader'],
    ['dim', 4, 'leader'],
    ['key_ids', 8, 'leader'],
    ['reserved', HEADER_BYTES - 120, 'leader'],
    ['leader_box', leaderBoxBytes(dim), 'leader'],
    ['helper_box', HELPER_BOX_BYTES, 'helper'],
    ['device_pk', 32, 'leader'],
    ['signature', 64, 'leader'],
  ];
  let offset = 0;
  return parts.map(([field, length, reader]) => {
    const from = offset;
    offset += length;
    return { offset: from, length, field, reader };
  });
}
