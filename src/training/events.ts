/**
 * What `train()` tells while it works. The command, the run folder, TensorBoard files and pages listen to the same events;
 * each is a JSON value but for the last one's model.
 */
import type { ResNetConfig } from '../architecture/config.ts'
import type { Preprocessing } from '../architecture/preprocessing.ts'
import type { Model } from '../checkpoint/model.ts'
import type { PassedOver } from '../datasets/dataset.ts'
import type { Counts } from '../inference/tally.ts'
import type { Recipe } from './recipe.ts'
import type { Finding } from './verdict.ts'

/** All that a run is made of: `config.json` of its folder. */
export interface RunSettings {
  /** The named network. */
  readonly arch: string
  readonly config: ResNetConfig
  readonly preprocessing: Preprocessing
  readonly classes: readonly string[]
  /** The recipe's name, or the file that it was read from. */
  readonly recipeName: string
  readonly recipe: Recipe
  readonly seed: number
  /** What the network starts from: the model's name; null where it starts from scratch. */
  readonly from: string | null
  /** The teacher of distillation: the model's name. */
  readonly teacher: string | null
  /** Where both lie, as they were named: to go on with the run, and in no file that is made to be handed on. */
  readonly sources: { readonly from: string | null; readonly teacher: string | null }
  readonly dataset: {
    readonly name: string
    readonly train: number
    readonly val: number
    readonly test: number
    /** Where `val` comes from: a folder of its own, a share of the training pictures, or nowhere. */
    readonly valFrom: 'split' | 'share' | 'none'
    /** The share of the training pictures that was asked to be kept for validation. */
    readonly validation: number
    /** Of the names and classes of all pictures: a run goes on with the same ones only. */
    readonly fingerprint: string
  }
}

/** How often a classifier on frozen features is right on pictures that it did not learn from, over all of k folds. */
export interface Estimate {
  readonly folds: number
  readonly images: number
  readonly correct: number
  readonly top1: number
  readonly loss: number
}

/** The best epoch of a run. */
export interface Best {
  /** From 1. */
  readonly epoch: number
  /** On the validation pictures, else of the training. */
  readonly loss: number
  /** On the validation pictures; null where there are none. */
  readonly top1: number | null
  /** By which it was chosen, where the validation pictures are few (`choice.ts`); null where they are not. */
  readonly refinedLoss: number | null
}

export interface Started {
  readonly kind: 'started'
  readonly settings: RunSettings
  readonly parameters: number
  /** Parameters that are trained. */
  readonly trained: number
  /** Multiply-adds of one image's forward pass. */
  readonly macs: number
  readonly stepsPerEpoch: number
  readonly runsOn: string
  /** The step after which an interrupted run goes on; 0 for a new one. */
  readonly resumedAt: number
  /** What lies beside the pictures and is not taken, by kind: `{what: 'HEIC pictures', count: 12, example: 'cat/a.heic'}`. */
  readonly passedOver: readonly PassedOver[]
}

/** A picture that could not be read and is left out. */
export interface Skipped {
  readonly kind: 'skipped'
  readonly file: string
  readonly error: string
}

/** What a person should know. */
export interface Noted {
  readonly kind: 'note'
  readonly text: string
}

/** Features of the frozen part of the network are being computed, once for all epochs. */
export interface FeaturesComputed {
  readonly kind: 'features'
  /** Pictures so far, each copy counted. */
  readonly done: number
  readonly total: number
  readonly imagesPerSecond: number
  readonly secondsLeft: number
}

/** A step of the optimiser. Numbers are means over the step's images. */
export interface Stepped {
  readonly kind: 'step'
  /** Steps taken so far, from 1. */
  readonly step: number
  /** The epoch it belongs to, from 1. */
  readonly epoch: number
  readonly loss: number
  /** Share of the images whose likeliest class is the target's greatest. */
  readonly accuracy: number
  readonly rate: number
  /** Euclidean norm of all gradients, before clipping. */
  readonly gradientNorm: number
  readonly images: number
  /** Images a second over the last steps. */
  readonly imagesPerSecond: number
  /** Seconds left of the whole run, as far as can be told. */
  readonly secondsLeft: number
}

/** The end of an epoch. */
export interface EpochEnded {
  readonly kind: 'epoch'
  readonly epoch: number
  readonly step: number
  readonly rate: number
  /** Means over the epoch's images as they were trained on, augmented. */
  readonly train: { readonly loss: number; readonly accuracy: number }
  /** On the validation pictures; by the averaged weights where the recipe averages. Absent where there are none. */
  readonly val?: Pick<Counts, 'images' | 'loss' | 'top1' | 'top5'>
  /** Whether it is the best so far on the validation pictures; without them the last one is. */
  readonly best: boolean
  /** Seconds of training, evaluation apart. */
  readonly seconds: number
  readonly imagesPerSecond: number
}

/** The run's state was saved: what it resumes from. */
export interface Saved {
  readonly kind: 'saved'
  readonly step: number
}

/** The last event. */
export interface Ended {
  readonly kind: 'ended'
  /** `finished`: all epochs. `early`: the recipe's patience ran out. `interrupted`: told to stop; it can be resumed. */
  readonly reason: 'finished' | 'early' | 'interrupted'
  readonly epochs: number
  readonly steps: number
  readonly seconds: number
  /** The best epoch; null where none was finished. */
  readonly best: Best | null
  /** The best model on the test pictures, read once. */
  readonly test?: Counts
  /** Where the classifier alone was trained, and on all pictures: what it is worth. */
  readonly estimate?: Estimate
  /** What the run came to, the gravest first; empty where no epoch was finished. */
  readonly verdict: readonly Finding[]
  /** Why the run's folder has no report of it, where writing one failed; all else is whole. */
  readonly reportError?: string
  /** The best model. */
  readonly model: Model
}

export type TrainingEvent =
  | Started
  | Skipped
  | Noted
  | FeaturesComputed
  | Stepped
  | EpochEnded
  | Saved
  | Ended

/** What is kept of the last event: all but the model, which has a file of its own, and what comes after it is kept. */
export type KeptEnd = Omit<Ended, 'model' | 'reportError'>
export type KeptEvent = Exclude<TrainingEvent, Ended> | KeptEnd
