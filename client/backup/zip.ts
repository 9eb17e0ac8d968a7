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
function fields(...all: readonly (readonly [size: 2 | 4 | 8, value: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(all.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of all) {
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

const UTF8_NAMES = 0x0800;
const STORE = 0;
const DEFLATE = 8;
/** A file shorter than this, bytes, gets no smaller by deflating: most of a log's are a few letters. */
const WORTH_DEFLATING = 128;
const MOST_BYTES = 0xffff_ffff;
const MOST_FILES = 0xffff;
const MOST_NAME_BYTES = 0xffff;
/** 1 January 1980, the first day zip knows: the same files give the same archive. */
const DAY = 0x0021;

/** The end of an archive, with the records of zip64 before it where the plain one cannot count so many files. */
function endOf(files: number, size: number, offset: number): readonly Uint8Array[] {
  const [count, isPlain] = [Math.min(files, MOST_FILES), files < MOST_FILES];
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, offset], [2, 0]);
  if (isPlain) return [end];
  const record = fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, files], [8, files], [8, size], [8, offset]);
  return [record, fields([4, 0x07064b50], [4, 0], [8, offset + size], [4, 1]), end];
}

/**
 * Files as a zip archive, by the browser's own compressor; any number of files, of which fflate writes 65,535 at most.
 *
 * @param files by path; UTF-8
 * @throws RangeError for 4 GiB and more, or a path over 65,535 bytes
 * @see APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.14 to 4.3.16
 */
export async function zipped(files: Readonly<Record<string, Uint8Array>>): Promise<Uint8Array> {
  const entries = Object.entries(files);
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const [path, bytes] of entries) {
    const [name, method] = [encoder.encode(path), bytes.length < WORTH_DEFLATING ? STORE : DEFLATE];
    const packed = method === STORE ? bytes : await deflated(bytes);
    if (name.length > MOST_NAME_BYTES || offset + packed.length > MOST_BYTES || bytes.length > MOST_BYTES)
      throw new RangeError(`too much for a zip of this kind: ${path.slice(0, 200)}`);
    const common = fields(
      [2, 20],
      [2, UTF8_NAMES],
      [2, method],
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
  const end = endOf(entries.length, size, offset);
  const zip = new Uint8Array(offset + size + end.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of [...local, ...central, ...end]) {
    zip.set(part, at);
    at += part.length;
  }
  return zip;
}
