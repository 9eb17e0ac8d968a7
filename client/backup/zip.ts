const encoder = new TextEncoder();

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CRC[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

async function deflated(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** Little-endian fields: [bytes, value] each. */
function fields(...all: readonly (readonly [size: 2 | 4, value: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(all.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of all) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

const UTF8_NAMES = 0x0800;
const DEFLATE = 8;
/** 1 January 1980, the first day zip knows: the same files give the same archive. */
const DAY = 0x0021;

/**
 * Files as a zip archive, by the browser's own compressor. The zip library's would be in the first download of every learner, for a button few
 * press.
 *
 * @throws RangeError for more than 65,535 files, which would need another format
 * @see APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.16
 */
export async function zipped(files: Readonly<Record<string, Uint8Array>>): Promise<Uint8Array> {
  const entries = Object.entries(files);
  if (entries.length > 65_535) throw new RangeError('a zip of this kind holds at most 65,535 files');
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const [path, bytes] of entries) {
    const [name, packed] = [encoder.encode(path), await deflated(bytes)];
    const common = fields(
      [2, 20],
      [2, UTF8_NAMES],
      [2, DEFLATE],
      [2, 0],
      [2, DAY],
      [4, crc32(bytes)],
      [4, packed.length],
      [4, bytes.length],
      [2, name.length],
      [2, 0],
    );
    local.push(fields([4, 0x04034b50]), common, name, packed);
    central.push(fields([4, 0x02014b50], [2, 20]), common, fields([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), name);
    offset += 4 + common.length + name.length + packed.length;
  }
  const size = central.reduce((sum, part) => sum + part.length, 0);
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, entries.length], [2, entries.length], [4, size], [4, offset], [2, 0]);
  return new Uint8Array(await new Blob([...local, ...central, end] as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}
