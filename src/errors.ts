/**
 * The typed errors of the package. Each message is one line for a person: what was wrong, where, what was expected,
 * what to do. `exitStatus` is what the command answers with: 2 when the input was wrong, 1 when the world around it
 * (network, disk, memory) failed.
 */
export abstract class ResNetError extends Error {
  abstract readonly exitStatus: 1 | 2

  /** Written out in each class: the class's own name is what minifiers make of it. */
  abstract override readonly name: string
}

/** Tensors of shapes that an operation cannot take. */
export class ShapeError extends ResNetError {
  override readonly name = 'ShapeError'
  readonly exitStatus = 2
}

/** A graph that breaks its own rules: a name given twice, an unknown value, an operation without a gradient. */
export class GraphError extends ResNetError {
  override readonly name = 'GraphError'
  readonly exitStatus = 2
}

/** An impossible network; `key` is the path of the config's field, for instance `stages.2.blocks`. */
export class ConfigError extends ResNetError {
  override readonly name = 'ConfigError'
  readonly exitStatus = 2
  readonly key: string
  /** What is wrong with it: the message without the key. */
  readonly reason: string

  constructor(key: string, reason: string) {
    super(`${key}: ${reason}`)
    this.key = key
    this.reason = reason
  }
}

/** A checkpoint or model file that is malformed, or does not hold the network it should. */
export class CheckpointError extends ResNetError {
  override readonly name = 'CheckpointError'
  readonly exitStatus = 2
}

/** A picture that cannot be read. */
export class ImageError extends ResNetError {
  override readonly name = 'ImageError'
  readonly exitStatus = 2
}

/** A folder, archive or table of pictures that is not a dataset. */
export class DatasetError extends ResNetError {
  override readonly name = 'DatasetError'
  readonly exitStatus = 2
}

/** A wrong argument of the command line or of a library call. */
export class ArgumentError extends ResNetError {
  override readonly name = 'ArgumentError'
  readonly exitStatus = 2
}

/** A network that another format cannot hold: an operation without a form there, or too many bytes. */
export class ExportError extends ResNetError {
  override readonly name = 'ExportError'
  readonly exitStatus = 2
}

/** A published model or dataset that could not be had: no network, no such package, bytes that do not match. */
export class HubError extends ResNetError {
  override readonly name = 'HubError'
  readonly exitStatus = 1
}

/** An engine that cannot run a graph, or failed while it ran. */
export class EngineError extends ResNetError {
  override readonly name = 'EngineError'
  readonly exitStatus = 1
}

/** A training run that cannot go on: numbers that are no longer finite. */
export class TrainingError extends ResNetError {
  override readonly name = 'TrainingError'
  readonly exitStatus = 1
}

/** The disk or the memory of this machine did not give what was needed. */
export class ResourceError extends ResNetError {
  override readonly name = 'ResourceError'
  readonly exitStatus = 1
}

/** What a system calls its error (`ENOENT`, `ENOSPC`); undefined for errors that are not of the system. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
