export function mixBatch(..._: unknown[]): void {}
