import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { BlobStore } from '../ports/blob-store.ts';
import { clearLeftovers, meter } from './file-blobs.ts';

/** A bucket of S3, or of anything that speaks its protocol. Keys and secrets come from the SDK's own chain of environment, files and roles. */
export interface Bucket {
  readonly name: string;
  readonly region: string;
  /** Of another store than Amazon's. */
  readonly endpoint?: string;
}

/**
 * Blobs as objects named by their hash: the same bytes are put under the same name again, so that no conditional write is needed.
 *
 * @param folder where a blob lies until its hash is known
 */
export function s3Blobs({ name, region, endpoint }: Bucket, folder: string): BlobStore {
  const client = new S3Client({
    region,
    // other stores than Amazon's keep the checksum that would else follow the bytes as part of them
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // a store that takes connections and says nothing would else keep one to the database for each request
    requestHandler: { connectionTimeout: 5000, socketTimeout: 30_000 },
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
  });
  void clearLeftovers(folder);
  const keyOf = (sha256: string): string => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError('a blob is named by its hash');
    return `${sha256.slice(0, 2)}/${sha256}`;
  };
  return {
    async put(bytes, limit) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const temporary = join(folder, randomUUID());
      const { through, result } = meter(limit);
      try {
        await pipeline(bytes, through, createWriteStream(temporary, { mode: 0o600 }));
        const stored = result();
        const { size } = await stat(temporary);
        await client.send(
          new PutObjectCommand({ Bucket: name, Key: keyOf(stored.sha256), Body: createReadStream(temporary), ContentLength: size }),
        );
        return stored;
      } finally {
        await rm(temporary, { force: true });
      }
    },
    async get(sha256) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: name, Key: keyOf(sha256) }));
      if (!Body) throw new Error('the bucket holds no such blob');
      return Body as Readable;
    },
    async has(sha256) {
      try {
        await client.send(new HeadObjectCommand({ Bucket: name, Key: keyOf(sha256) }));
        return true;
      } catch (cause) {
        if (cause instanceof S3ServiceException && cause.$metadata.httpStatusCode === 404) return false;
        throw cause;
      }
    },
    async delete(sha256) {
      await client.send(new DeleteObjectCommand({ Bucket: name, Key: keyOf(sha256) }));
    },
  };
}
