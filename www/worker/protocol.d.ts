// The messages between the page and the training worker.

export type Recipe =
  | "dense" | "ste" | "sr-ste" | "mdgf-linear" | "mdgf-exponential"
  | "sdgf-stepwise" | "sdgf-geometric" | "densify" | "one-shot";
export type GradientRule = "ste" | "decayed" | "zero";
export type Location = "q" | "k" | "v" | "o";
export type Axis = "in" | "out";
export type RawPattern = { n: number; m: number };
export type TaskConfig =
  | { kind: "shapes"; noise: number }
  | { kind: "idx"; validation_frac: number }
  | { kind: "cifar10"; validation_frac: number };
export type RawModel = { layers: number; heads: number; d_model: number; d_ff: number; patch: number };
export type RawOptimizer = {
  beta1: number; beta2: number; epsilon: number; weight_decay: number;
  clip_norm: number; warmup_frac: number; final_lr_frac: number;
};
export type RawLane = {
  name: string | null; recipe: Recipe; ff: RawPattern | null; attention: RawPattern | null;
  locations: Array<Location>; group_axis: Axis; gradient: GradientRule; beta: number | null;
  lambda: number; k: number; mask_every: number; dense_frac: number; finetune_frac: number;
  learning_rate: number; seed: number;
};
export type RawEval = { every: number; samples: number };
export type RawExperiment = {
  version: number; name: string; task: TaskConfig; model: RawModel; optimizer: RawOptimizer;
  lanes: Array<RawLane>; steps: number; batch: number; eval: RawEval; report_every: number;
};

export type FieldKind = "integer" | "number" | "choice" | "pattern" | "text" | "locations";
export type ChoiceSpec = { value: string; label: string };
export type FieldSpec = {
  path: string; label: string; short: string; unit: string; kind: FieldKind;
  min: number | null; max: number | null; step: number | null; choices: Array<ChoiceSpec>;
  default: unknown; required: boolean; nullable: boolean; applies_to: Array<string>; help: string;
};
export type Chart = "accuracy" | "loss" | "noise" | "schedule";
export type MetricColumn = { key: string; label: string; unit: string; chart: Chart; log: boolean; help: string };
export type Preset = { id: string; title: string; summary: string; document: RawExperiment };
export type Problem = { field: string; reason: string };
export type Stage = { step: number; label: string };
export type Schedule = {
  steps: Array<number>; decay: Array<number>; n: Array<number>; m: Array<number>; density: Array<number>;
  learning_rate: Array<number>; stages: Array<Stage>; dense_end: number; finetune_start: number;
  warmup_steps: number; beta: number | null;
};
export type OpenedLane = { name: string; difference: string; parameters: number; sparse_parameters: number };
export type CheckedLane = { name: string; difference: string; unused_fields: Array<string> };
export type Wanted = "auto" | "cpu" | "webgpu";
export type Backend = "webgpu" | "cpu";
export type Limit = { name: string; value: number };
export type Probe = { webgpu_ms: number | null; cpu_ms: number | null };
export type FaultKind = "panic";
export type RunState = "idle" | "running" | "paused" | "finished";
export type DataFile = { name: string; bytes: Uint8Array };

export type Command =
  | { type: "hello" }
  | { type: "validate"; document: unknown }
  | { type: "open"; document: unknown; device: Wanted }
  | { type: "data"; files: Array<DataFile>; document: unknown }
  | { type: "start" }
  | { type: "pause" }
  | { type: "step" }
  | { type: "reset" }
  | { type: "stop" }
  | { type: "speed"; steps_per_second: number | null }
  | { type: "snapshot" }
  | { type: "resume"; document: unknown; snapshot: Uint8Array; device: Wanted }
  | { type: "encode_link"; document: unknown }
  | { type: "decode_link"; fragment: string }
  | { type: "fault"; kind: FaultKind };

export type Event =
  | { type: "ready"; version: string; fields: Array<FieldSpec>; metrics: Array<MetricColumn>; presets: Array<Preset> }
  | { type: "device"; backend: Backend; adapter: string; reason: string; limits: Array<Limit>; probe: Probe }
  | { type: "opened"; document: RawExperiment; lanes: Array<OpenedLane>; schedule: Array<Schedule>; step: number }
  | { type: "checked"; problems: Array<Problem>; lanes: Array<CheckedLane>; schedule: Array<Schedule>; parameters: number | null; steps: number }
  | { type: "metrics"; step: number; lanes: number; values: Float64Array }
  | { type: "progress"; step: number; steps: number; steps_per_second: number; eta_s: number | null }
  | { type: "state"; state: RunState }
  | { type: "problems"; problems: Array<Problem> }
  | { type: "rejected"; message: string }
  | { type: "failed"; message: string; remedy: string }
  | { type: "snapshot"; step: number; bytes: Uint8Array }
  | { type: "link"; fragment: string }
  | { type: "document"; document: RawExperiment };
