import '../ui/base.css';
import { createRoot } from 'react-dom/client';
import { applyAppearance, storedAppearance } from '#client/app/appearance.ts';
import { now } from '#client/app/moment.ts';
import { isTrialBuild } from '#client/app/trial.ts';
import { LanguageProvider, messagesFor } from '#client/i18n/language.tsx';
import { dexieExperimentLog } from '#client/storage/dexie-experiment-log.ts';
import { pushToServer } from '#client/sync/mlflow-push.ts';
import { runsOf } from '#client/tutor/export-log.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';
import { PushPage } from './push-page.tsx';

// A page of its own, since its policy lets it call other servers; the app's pages call their own alone.
const container = document.getElementById('app');
if (!container) throw new Error('push.html lacks #app');
const root = createRoot(container);
const appearance = storedAppearance();
applyAppearance(appearance);

async function show(): Promise<void> {
  const t = await messagesFor(appearance.language);
  root.render(<Waiting text={t.common.loading} />);
  try {
    const log = await dexieExperimentLog(now);
    const runs = await runsOf(log);
    root.render(
      <LanguageProvider language={appearance.language} t={t}>
        {isTrialBuild() && <p className="trial">{t.trial}</p>}
        <PushPage runs={runs.length} push={(target, onProgress, stop) => pushToServer(target, runs, onProgress, stop)} />
      </LanguageProvider>,
    );
  } catch (fault) {
    root.render(
      <main className="page bare">
        <Notice tone="bad">{storageWords(t, fault)}</Notice>
      </main>,
    );
  }
}
void show();
