/** Whether this build is a trial's. */
export const isTrialBuild = (): boolean => import.meta.env.VITE_EG_TRIAL === '1';
