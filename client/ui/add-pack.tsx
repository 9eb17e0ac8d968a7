import { FilePlus2 } from 'lucide-react';
import { useId, useRef, useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import type { Result } from '#shared/domain/result.ts';
import type { Pack } from '#shared/packs/schema.ts';
import type { PackFault } from '#shared/packs/validate.ts';
import { Notice, Waiting } from './states.tsx';
import { storageWords } from './storage-words.ts';

interface Props {
  readonly install: (bytes: Uint8Array) => Promise<Result<Pack, PackFault>>;
  readonly onAdded: (pack: Pack) => void;
}

type Refused = { readonly name: string; readonly fault: PackFault };

function WhyRefused({ name, fault }: Refused) {
  const { t } = useSpeech();
  const reason = fault.kind === 'invalid' ? t.packFault.invalid(fault.problems.length) : t.packFault[fault.kind];
  const details =
    fault.kind === 'invalid' ? fault.problems.map((p) => `${p.place}: ${p.message}`) : 'detail' in fault ? [fault.detail] : [];
  return (
    <Notice tone="bad">
      <h3>{t.packFault.heading(name)}</h3>
      <p>{reason}</p>
      <p>{t.packFault.safe}</p>
      {details.length > 0 && (
        <details className="small">
          <summary>{t.packFault.details}</summary>
          <ul lang="en">
            {details.map((detail) => (
              <li key={detail}>{detail}</li>
            ))}
          </ul>
        </details>
      )}
    </Notice>
  );
}

/** Choose a pack file; says what is wrong with it, in words, when something is. */
export function AddPack({ install, onAdded }: Props) {
  const { t } = useSpeech();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [isReading, setReading] = useState(false);
  const read = async (file: File) => {
    setRefused(null);
    setFault(null);
    setReading(true);
    try {
      const result = await install(new Uint8Array(await file.arrayBuffer()));
      if (result.ok) onAdded(result.value);
      else setRefused({ name: file.name, fault: result.fault });
    } catch (cause) {
      setFault(cause);
    }
    setReading(false);
  };
  return (
    <div className="stack">
      <div>
        <button type="button" className="button wide" aria-describedby={id} disabled={isReading} onClick={() => input.current?.click()}>
          <FilePlus2 className="icon" size={20} strokeWidth={1.75} aria-hidden />
          {t.start.add}
        </button>
        <p id={id} className="quiet small">
          {t.start.addHint}
        </p>
        <input
          ref={input}
          type="file"
          accept=".egpack,application/zip"
          hidden
          onChange={(event) => {
            const [file] = event.target.files ?? [];
            if (file) void read(file);
            event.target.value = '';
          }}
        />
      </div>
      {isReading && <Waiting text={t.common.loading} />}
      {refused && <WhyRefused {...refused} />}
      {fault !== null && <Notice tone="bad">{storageWords(t, fault)}</Notice>}
    </div>
  );
}
