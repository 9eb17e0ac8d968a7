interface InstallEvent extends Event {
  prompt(): Promise<unknown>;
  readonly userChoice: Promise<{ readonly outcome: 'accepted' | 'dismissed' }>;
}

/** The browser's offer to install the app, kept until the learner asks for it. */
export interface Install {
  /** Whether it runs installed already. */
  readonly isInstalled: boolean;
  /** Whether the browser lets the app ask; else its own menu is the way (iOS). */
  mayAsk(): boolean;
  /** Ask, inside a tap. @returns whether it was accepted */
  ask(): Promise<boolean>;
}

/** Listens for the offer from now on. */
export function installOffer(): Install {
  let offer: InstallEvent | null = null;
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    offer = event as InstallEvent;
  });
  return {
    isInstalled: matchMedia('(display-mode: standalone)').matches,
    mayAsk: () => offer !== null,
    async ask() {
      const asked = offer;
      offer = null;
      await asked?.prompt();
      return (await asked?.userChoice)?.outcome === 'accepted';
    },
  };
}
