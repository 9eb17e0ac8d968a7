/** The path within the proxied artifacts that a location means, without empty or `.` parts; null for a location elsewhere. */
export function proxiedPath(location: string): string | null {
  const [, served] =
    /^mlflow-artifacts:(?:\/\/[^/]*)?([^?#]*)/i.exec(location) ??
    /^https?:\/\/[^?#]*\/api\/2\.0\/mlflow-artifacts\/artifacts\/([^?#]*)/i.exec(location) ??
    [];
  if (served === undefined) return null;
  return served
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
