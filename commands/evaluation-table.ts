/** x */
export async function printTable(_folder: string): Promise<number> {
  return 0;
}
