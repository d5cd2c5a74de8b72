export function erase(..._: unknown[]): void {}
