// The messages between the page and the training worker, generated from src/web/protocol.rs.
// Do not edit: UPDATE_PROTOCOL=1 cargo test --release protocol writes this file.

export type Recipe = "dense" | "ste" | "sr-ste" | "mdgf-linear" | "mdgf-exponential" | "sdgf-stepwise" | "sdgf-geometric" | "densify" | "one-shot" | "sr-ste-annealed" | "s-ste" | "step" | "mdgf-sdgf" | "sparse-then-dense";

export type GradientRule = "ste" | "decayed" | "zero";

export type AttentionLocation = "q" | "k" | "v" | "o";

export type Axis = "in" | "out";

export type RawPattern = { 
/**
 * Weights kept per group.
 */
n: number, 
/**
 * Weights per group.
 */
m: number, };

export type Direction = "to-words" | "to-digits";

export type TaskConfig = { "kind": "shapes", 
/**
 * Standard deviation of the pixel noise; ink is 1.
 */
noise: number, } | { "kind": "idx", 
/**
 * Share of the samples held out for validation.
 */
validation_frac: number, } | { "kind": "cifar10", 
/**
 * Share of the samples held out for validation.
 */
validation_frac: number, } | { "kind": "grammar", 
/**
 * Characters per sample.
 */
context: number, } | { "kind": "text", 
/**
 * Characters per sample.
 */
context: number, 
/**
 * Share of the text, at its end, held out for validation.
 */
validation_frac: number, } | { "kind": "numbers", 
/**
 * What is translated into what.
 */
direction: Direction, };

export type RawModel = { 
/**
 * Transformer blocks per stack.
 */
layers: number, 
/**
 * Attention heads per block.
 */
heads: number, 
/**
 * Features per token.
 */
d_model: number, 
/**
 * Features between the feed-forward matrices.
 */
d_ff: number, 
/**
 * Side of a square patch in pixels.
 */
patch: number, 
/**
 * Side of the attention windows in patches; null attends to the whole image.
 */
window: number | null, };

export type RawOptimizer = { 
/**
 * Decay of the first moment.
 */
beta1: number, 
/**
 * Decay of the second moment.
 */
beta2: number, 
/**
 * Added to the root of the second moment.
 */
epsilon: number, 
/**
 * Decoupled weight decay.
 */
weight_decay: number, 
/**
 * Limit on a lane's global gradient norm.
 */
clip_norm: number, 
/**
 * Share of the steps over which the learning rate rises.
 */
warmup_frac: number, 
/**
 * Learning rate at the end, as a share of the peak.
 */
final_lr_frac: number, };

export type RawLane = { 
/**
 * Name in legends; null is an automatic one.
 */
name: string | null, 
/**
 * How the lane sparsifies.
 */
recipe: Recipe, 
/**
 * Pattern of both feed-forward matrices; null keeps them dense.
 */
ff: RawPattern | null, 
/**
 * Pattern of the attention matrices named in `locations`; null keeps them dense.
 */
attention: RawPattern | null, 
/**
 * Attention matrices that get the `attention` pattern.
 */
locations: Array<AttentionLocation>, 
/**
 * Axis along which groups run.
 */
group_axis: Axis, 
/**
 * What pruned weights receive of the gradient.
 */
gradient: GradientRule, 
/**
 * Rate of the decay D(j) per step; null chooses it for 70 % of the budget.
 */
beta: number | null, 
/**
 * Strength of SR-STE's pull on pruned weights.
 */
lambda: number, 
/**
 * First group of the Geometric stages, in units of M.
 */
k: number, 
/**
 * Steps between two mask selections.
 */
mask_every: number, 
/**
 * Share of the steps before anything is pruned.
 */
dense_frac: number, 
/**
 * Share of the steps at the end with the hard target mask.
 */
finetune_frac: number, 
/**
 * Peak learning rate.
 */
learning_rate: number, 
/**
 * Seed of initial weights and batches.
 */
seed: number, };

export type RawEval = { 
/**
 * Steps between two evaluations.
 */
every: number, 
/**
 * Held-out samples per evaluation.
 */
samples: number, 
/**
 * Batches of the gradient-noise measurement at each evaluation; 0 leaves it out.
 */
noise_batches: number, };

export type RawExperiment = { 
/**
 * Version of the document's layout.
 */
version: number, 
/**
 * Title for readers.
 */
name: string, 
/**
 * What is learned.
 */
task: TaskConfig, 
/**
 * The network, common to all lanes.
 */
model: RawModel, 
/**
 * AdamW and its schedule, common to all lanes.
 */
optimizer: RawOptimizer, 
/**
 * The recipes that train side by side.
 */
lanes: Array<RawLane>, 
/**
 * Training steps of every lane.
 */
steps: number, 
/**
 * Samples per step, the same for every lane of equal seed.
 */
batch: number, 
/**
 * When and on how much held-out data the lanes are evaluated.
 */
eval: RawEval, 
/**
 * Steps between two metric reports.
 */
report_every: number, };

export type FieldKind = "integer" | "number" | "choice" | "pattern" | "text" | "locations";

export type ChoiceSpec = { 
/**
 * As written in the document.
 */
value: string, 
/**
 * As shown to readers.
 */
label: string, 
/**
 * What choosing it does, where the label does not say.
 */
help: string, };

export type FieldSpec = { 
/**
 * Path in the document; `lanes[]` stands for every lane: `lanes[].beta`.
 */
path: string, 
/**
 * Name in forms and tables.
 */
label: string, 
/**
 * Name inside a lane's difference text; a recipe or pattern may need none.
 */
short: string, 
/**
 * Unit of the value; empty for a pure number.
 */
unit: string, 
/**
 * Type of the value.
 */
kind: FieldKind, 
/**
 * Least value, or least number of characters of a text.
 */
min: number | null, 
/**
 * Greatest value, greatest M of a pattern, or greatest number of characters of a text.
 */
max: number | null, 
/**
 * Increment in forms; an integer must be a multiple of it.
 */
step: number | null, 
/**
 * The values allowed, when they can be listed.
 */
choices: Array<ChoiceSpec>, 
/**
 * Taken when an optional field is missing, and proposed by forms.
 */
default: unknown, 
/**
 * Whether a document without the field is refused.
 */
required: boolean, 
/**
 * Whether null is a value, explained in `help`.
 */
nullable: boolean, 
/**
 * What null means, in a word; nothing where null is no value.
 */
empty: string, 
/**
 * Values of the selector (`task.kind`, or a lane's `recipe`) with which the field has a meaning; empty
 * means all. A task refuses fields of other kinds, a model or lane leaves unused ones alone.
 */
applies_to: Array<string>, 
/**
 * What the field does, in one or two sentences.
 */
help: string, };

export type Chart = "accuracy" | "loss" | "noise" | "schedule" | "cost";

export type MetricColumn = { 
/**
 * Name in files and in the protocol.
 */
key: string, 
/**
 * Name for readers.
 */
label: string, 
/**
 * Unit, empty for a plain number.
 */
unit: string, 
/**
 * Where it is drawn.
 */
chart: Chart, 
/**
 * Whether a logarithmic axis reads better.
 */
log: boolean, 
/**
 * What it means, with its source.
 */
help: string, };

export type Preset = { 
/**
 * Short name.
 */
id: string, 
/**
 * Title for readers.
 */
title: string, 
/**
 * What it shows, in one sentence.
 */
summary: string, 
/**
 * What is scaled down or changed against its source, and why.
 */
notes: string, 
/**
 * The document, complete.
 */
document: RawExperiment, };

export type Problem = { 
/**
 * Path of the faulty field, such as `lanes[2].ff.m`; `document` when the whole text is at fault.
 */
field: string, 
/**
 * What is wrong with it and how to put it right.
 */
reason: string, };

export type Stage = { 
/**
 * First step.
 */
step: number, 
/**
 * `N:M`, or `dense`.
 */
label: string, };

export type Schedule = { 
/**
 * Steps at which the curves are given, ascending.
 */
steps: Array<number>, 
/**
 * D(j).
 */
decay: Array<number>, 
/**
 * Weights kept per group.
 */
n: Array<number>, 
/**
 * Weights per group.
 */
m: Array<number>, 
/**
 * N / M.
 */
density: Array<number>, 
/**
 * Learning rate.
 */
learning_rate: Array<number>, 
/**
 * Patterns with the step from which they hold.
 */
stages: Array<Stage>, 
/**
 * Step at which the dense phase ends.
 */
dense_end: number, 
/**
 * Step at which the fine-tune phase starts.
 */
finetune_start: number, 
/**
 * Steps until the learning rate is at its peak.
 */
warmup_steps: number, 
/**
 * Rate of D(j) per step; null for recipes without decay.
 */
beta: number | null, 
/**
 * Steps after the dense phase until D is one half; null where it never falls that far.
 */
half_life: number | null, };

export type PaperRow = { 
/**
 * Patterns and where they are applied; the feed-forward matrices when nothing is said.
 */
sparsity: string, 
/**
 * Results as printed.
 */
values: Array<string>, };

export type PaperTable = { 
/**
 * Network, data and measure.
 */
title: string, 
/**
 * The dense network's result, as printed.
 */
dense: string, 
/**
 * Recipes, in the order of every row's values.
 */
recipes: Array<string>, 
/**
 * One row per sparsity.
 */
rows: Array<PaperRow>, };

export type GroupSummary = { 
/**
 * Name without the seed.
 */
name: string, 
/**
 * Indices of the lanes.
 */
lanes: Array<number>, 
/**
 * Seeds.
 */
n: number, 
/**
 * Mean over the seeds.
 */
mean: number, 
/**
 * Standard deviation over the seeds; null below two.
 */
std: number | null, 
/**
 * Ends of the 95 % t interval of the mean; null below two.
 */
mean_interval: [number, number] | null, 
/**
 * Name of the group that the difference is taken to; null for that group itself.
 */
baseline: string | null, 
/**
 * Pairs: seeds that both groups have.
 */
pairs: number, 
/**
 * Mean paired difference to the baseline.
 */
difference: number | null, 
/**
 * Ends of the 95 % t interval of the mean difference; null below two pairs.
 */
t_interval: [number, number] | null, 
/**
 * Ends of the 95 % bootstrap interval of the mean difference; null below two pairs.
 */
bootstrap_interval: [number, number] | null, };

export type OpenedLane = { 
/**
 * Name in legends.
 */
name: string, 
/**
 * How it differs from the first lane.
 */
difference: string, 
/**
 * Trained numbers.
 */
parameters: number, 
/**
 * Weights in matrices that the lane prunes.
 */
sparse_parameters: number, 
/**
 * FLOPs of one sample's forward pass through the network that would ship.
 */
inference_flops: number, 
/**
 * The same for the dense network.
 */
dense_flops: number, 
/**
 * Bytes of the network that would ship, its sparse matrices packed: values and indices.
 */
packed_bytes: number, 
/**
 * Bytes of the dense network.
 */
dense_bytes: number, };

export type CheckedLane = { 
/**
 * How it differs from the first lane.
 */
difference: string, 
/**
 * Keys of fields that have no effect with its recipe.
 */
unused_fields: Array<string>, };

export type Wanted = "auto" | "cpu" | "webgpu";

export type Tile = "narrow" | "wide" | "broad" | "shared";

export type Backend = "webgpu" | "cpu";

export type Limit = { 
/**
 * What is limited, with its unit.
 */
name: string, 
/**
 * The limit.
 */
value: number, };

export type Probe = { 
/**
 * On the GPU.
 */
webgpu_ms: number | null, 
/**
 * On the CPU.
 */
cpu_ms: number | null, 
/**
 * Density up to which packed N:M products are faster than dense ones on the chosen device.
 */
packed_density: number, 
/**
 * How dense products are cut up on the chosen device.
 */
tile: Tile, };

export type RunState = "idle" | "running" | "paused" | "finished";

export type DataFile = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its content.
 */
bytes: Uint8Array, };

export type FaultKind = "panic" | "out_of_memory" | "hang";

export type Picture = { 
/**
 * Rows of pixels.
 */
height: number, 
/**
 * Columns of pixels.
 */
width: number, 
/**
 * Numbers per pixel.
 */
channels: number, 
/**
 * `[height, width, channels]`, about zero mean and unit scale.
 */
pixels: Array<number>, };

export type Prediction = { 
/**
 * The text that the network was given; empty for an image.
 */
input: string, 
/**
 * The image that it was given.
 */
image: Picture | null, 
/**
 * The right answer; of running text, how it went on.
 */
truth: string, 
/**
 * The network's answer.
 */
answer: string, 
/**
 * Whether the answer is right; null for running text, which may go on in many ways.
 */
right: boolean | null, };

export type FigureSpec = { 
/**
 * The weights, a whole number of groups.
 */
weights: Array<number>, 
/**
 * Weights kept per group.
 */
n: number, 
/**
 * Weights per group.
 */
m: number, 
/**
 * D, the factor on pruned weights.
 */
decay: number, 
/**
 * Standard deviation of what is added to every weight, anew in each row: a stand-in for noisy updates.
 */
noise: number, 
/**
 * How often the weights are disturbed and masked.
 */
rows: number, };

export type Shape = { 
/**
 * Rows of activations.
 */
rows: number, 
/**
 * Input features.
 */
inputs: number, 
/**
 * Output features.
 */
outputs: number, };

export type KernelTiming = { 
/**
 * Weights kept per group.
 */
n: number, 
/**
 * Weights per group; equal to `n` for the dense product.
 */
m: number, 
/**
 * The product.
 */
shape: Shape, 
/**
 * Median milliseconds.
 */
ms: number, 
/**
 * Timings behind the median.
 */
rounds: number, };

export type Share = { 
/**
 * This worker, counted from 0.
 */
worker: number, 
/**
 * Workers there may be; fewer are employed when more would not shorten the longest share.
 */
workers: number, };

export type Command = { "type": "hello" } | { "type": "validate", 
/**
 * The document.
 */
document: unknown, } | { "type": "open", 
/**
 * The document.
 */
document: unknown, 
/**
 * Where to run it.
 */
device: Wanted, 
/**
 * The user's files to train on; null for a task that needs none, or for those of the last run.
 */
files: Array<DataFile> | null, 
/**
 * What [`Event::Snapshot`] gave, to go on from there; null starts at step 0.
 */
snapshot: Uint8Array | null, 
/**
 * How the lanes are shared out when the device is the CPU; the GPU trains all of them.
 */
share: Share, } | { "type": "relabel", 
/**
 * The document.
 */
document: unknown, } | { "type": "start" } | { "type": "pause" } | { "type": "until", 
/**
 * The step.
 */
step: number, } | { "type": "summarise", 
/**
 * Steps made.
 */
step: number, 
/**
 * The report of every lane, `[lanes, metrics]`.
 */
values: Array<number>, } | { "type": "step" } | { "type": "reset" } | { "type": "stop" } | { "type": "speed", 
/**
 * Most steps per second; null removes the limit.
 */
steps_per_second: number | null, } | { "type": "snapshot" } | { "type": "encode_link", 
/**
 * The document.
 */
document: unknown, 
/**
 * The results to carry along: of a finished run.
 */
fingerprint: Fingerprint | null, } | { "type": "decode_link", 
/**
 * What follows `#e=` in a link.
 */
fragment: string, } | { "type": "figure", 
/**
 * What to mask.
 */
spec: FigureSpec, } | { "type": "read_file", 
/**
 * Its content.
 */
text: string, } | { "type": "plan_study", 
/**
 * The study document.
 */
study: unknown, } | { "type": "study_cell", 
/**
 * Settings, experiment and measured lanes, as in a file of results.
 */
cell: unknown, } | { "type": "weights", 
/**
 * Lane, counted from 0.
 */
lane: number, } | { "type": "inspect", 
/**
 * Lane, counted from 0.
 */
lane: number, 
/**
 * Name of the matrix, one of [`Event::Opened`]'s.
 */
tensor: string, } | { "type": "predictions", 
/**
 * Lane, counted from 0.
 */
lane: number, 
/**
 * Number of the first sample.
 */
first: number, 
/**
 * Temperature at which text is continued; 0 takes the likeliest character.
 */
temperature: number, } | { "type": "authors", 
/**
 * The document.
 */
document: unknown, } | { "type": "compare", 
/**
 * The results of the run that was shared.
 */
expected: Fingerprint, 
/**
 * The results of its replay.
 */
found: Fingerprint, } | { "type": "gradient_noise", 
/**
 * Batches.
 */
batches: number, } | { "type": "kernels", 
/**
 * Where: `auto` is the GPU if there is one, however slow.
 */
device: Wanted, } | { "type": "fault", 
/**
 * How to fail.
 */
kind: FaultKind, };

export type Event = { "type": "ready", 
/**
 * Version of the lab.
 */
version: string, 
/**
 * The field table of the experiment document.
 */
fields: Array<FieldSpec>, 
/**
 * What the numbers of a metrics event are, in order.
 */
metrics: Array<MetricColumn>, 
/**
 * Keys of the noise indicators of a single matrix, in order.
 */
indicators: Array<string>, 
/**
 * Experiments that come with the lab; the first opens with the page.
 */
presets: Array<Preset>, 
/**
 * What the paper reports.
 */
paper: Array<PaperTable>, } | { "type": "device", 
/**
 * `webgpu` or `cpu`.
 */
backend: Backend, 
/**
 * The adapter in words; empty on the CPU.
 */
adapter: string, 
/**
 * Why this device.
 */
reason: string, 
/**
 * Limits of the adapter.
 */
limits: Array<Limit>, 
/**
 * Times of the test of matrix products, where both devices were timed.
 */
probe: Probe, } | { "type": "opened", 
/**
 * The document, complete.
 */
document: RawExperiment, 
/**
 * One entry per lane.
 */
lanes: Array<OpenedLane>, 
/**
 * One entry per lane.
 */
schedule: Array<Schedule>, 
/**
 * Matrices that a recipe can prune, for [`Command::Inspect`].
 */
matrices: Array<string>, 
/**
 * Those that some lane does prune, in the order of [`Event::Metrics`].
 */
measured: Array<string>, 
/**
 * What reading the files had to change; null when they were taken as they are.
 */
note: string | null, 
/**
 * Steps made already.
 */
step: number, 
/**
 * The lanes that this worker trains, by their place in the document.
 */
share: Array<number>, 
/**
 * Workers among which the lanes are shared out.
 */
workers: number, } | { "type": "relabelled", 
/**
 * The document, complete.
 */
document: RawExperiment, 
/**
 * Name of each lane in legends.
 */
names: Array<string>, } | { "type": "checked", 
/**
 * All problems; none means the document can be opened.
 */
problems: Array<Problem>, 
/**
 * Name of each lane in legends, with or without problems.
 */
names: Array<string>, 
/**
 * One entry per lane.
 */
lanes: Array<CheckedLane>, 
/**
 * One entry per lane.
 */
schedule: Array<Schedule>, 
/**
 * Parameters of a lane; null while the images are unknown.
 */
parameters: number | null, 
/**
 * Step budget.
 */
steps: number, } | { "type": "metrics", 
/**
 * Steps made.
 */
step: number, 
/**
 * Number of lanes.
 */
lanes: number, 
/**
 * `[lanes, metrics]`, NaN where nothing was measured.
 */
values: Float64Array, 
/**
 * Noise of single matrices, `[lanes, measured, indicators]`; empty where it was not measured.
 */
matrices: Float64Array, } | { "type": "summary", 
/**
 * Steps made.
 */
step: number, 
/**
 * One entry per group of lanes.
 */
groups: Array<GroupSummary>, } | { "type": "recorded", 
/**
 * Steps made at each report.
 */
steps: Array<number>, 
/**
 * Number of lanes.
 */
lanes: number, 
/**
 * `[reports, lanes, metrics]`, NaN where nothing was measured.
 */
values: Float64Array, } | { "type": "preparing", 
/**
 * Pipelines made.
 */
made: number, 
/**
 * Pipelines asked for.
 */
asked: number, } | { "type": "progress", 
/**
 * Steps made.
 */
step: number, 
/**
 * Step budget.
 */
steps: number, 
/**
 * Recent speed.
 */
steps_per_second: number, 
/**
 * Seconds to the end of the budget at that speed; null while unknown.
 */
eta_s: number | null, } | { "type": "state", 
/**
 * The new state.
 */
state: RunState, } | { "type": "problems", 
/**
 * All problems.
 */
problems: Array<Problem>, } | { "type": "rejected", 
/**
 * Why, and what to do.
 */
message: string, } | { "type": "failed", 
/**
 * What happened.
 */
message: string, 
/**
 * What to do.
 */
remedy: string, } | { "type": "snapshot", 
/**
 * Steps made.
 */
step: number, 
/**
 * The state of the lanes that this worker trains; those of all workers, one behind the other, are the run's.
 */
bytes: Uint8Array, } | { "type": "figure", 
/**
 * The weights with their noise.
 */
weights: Float64Array, 
/**
 * 1 where kept, 0 where pruned.
 */
mask: Float64Array, 
/**
 * What the forward pass reads.
 */
forward: Float64Array, } | { "type": "kernels", 
/**
 * `webgpu` or `cpu`.
 */
backend: Backend, 
/**
 * The adapter in words; empty on the CPU.
 */
adapter: string, 
/**
 * Why this device.
 */
reason: string, 
/**
 * The products, dense first within a shape.
 */
timings: Array<KernelTiming>, 
/**
 * Whether the last round is done.
 */
finished: boolean, } | { "type": "link", 
/**
 * What follows `#e=`.
 */
fragment: string, } | { "type": "document", 
/**
 * The document, complete.
 */
document: RawExperiment, 
/**
 * The results that a replay should find again, if the link carries them.
 */
fingerprint: Fingerprint | null, } | { "type": "fingerprint", 
/**
 * The results.
 */
fingerprint: Fingerprint, } | { "type": "run", 
/**
 * The run, checked.
 */
run: RunFile, } | { "type": "study", 
/**
 * The results, checked and summarised.
 */
results: StudyResults, } | { "type": "study_planned", 
/**
 * Its combinations of swept values.
 */
cells: Array<PlannedCell>, } | { "type": "study_cell", 
/**
 * The combination, checked and summarised.
 */
cell: StudyCell, } | { "type": "weights", 
/**
 * Lane, counted from 0.
 */
lane: number, 
/**
 * The file.
 */
bytes: Uint8Array, } | { "type": "inspected", 
/**
 * Steps made.
 */
step: number, 
/**
 * Lane, counted from 0.
 */
lane: number, 
/**
 * Name of the matrix.
 */
tensor: string, 
/**
 * Input features.
 */
rows: number, 
/**
 * Output features.
 */
cols: number, 
/**
 * Weights kept per group.
 */
n: number, 
/**
 * Weights per group.
 */
m: number, 
/**
 * Whether groups run along the input features.
 */
along_inputs: boolean, 
/**
 * D: factor on pruned weights.
 */
decay: number, 
/**
 * Weights.
 */
weights: Float32Array, 
/**
 * F: 1 for kept weights.
 */
mask: Float32Array, 
/**
 * Gradient on the next batch, after the gradient rule and before clipping.
 */
gradient: Float32Array, 
/**
 * AdamW's first moment.
 */
first_moment: Float32Array, 
/**
 * AdamW's second moment.
 */
second_moment: Float32Array, } | { "type": "predictions", 
/**
 * Steps made.
 */
step: number, 
/**
 * Lane, counted from 0.
 */
lane: number, 
/**
 * Number of the first sample.
 */
first: number, 
/**
 * Held-out samples that there are.
 */
held_out: number, 
/**
 * Some samples with their answers.
 */
samples: Array<Prediction>, } | { "type": "authors", 
/**
 * One YAML text per lane.
 */
lanes: Array<string>, } | { "type": "compared", 
/**
 * The outcome.
 */
comparison: Comparison, };

export type LaneFingerprint = { 
/**
 * Hash of the final weights, 16 hexadecimal digits.
 */
weights: string, 
/**
 * Hash of the compared metrics at every report, 16 hexadecimal digits.
 */
metrics: string, 
/**
 * The compared metrics at `steps`, rounded to the precision of `f32`; null where nothing was measured.
 */
values: Record<string, Array<number | null>>, };

export type Fingerprint = { 
/**
 * Version of this format.
 */
version: number, 
/**
 * Version of nmflow that made the run.
 */
nmflow: string, 
/**
 * Where it ran: `CPU`, or the adapter in words.
 */
device: string, 
/**
 * Steps of the reports in `values`, ascending.
 */
steps: Array<number>, 
/**
 * One entry per lane.
 */
lanes: Array<LaneFingerprint>, };

export type Tolerance = { 
/**
 * Key of the metric.
 */
metric: string, 
/**
 * In the metric's unit.
 */
absolute: number, 
/**
 * Share of the expected value.
 */
relative: number, };

export type Verdict = "exact" | "within" | "differs" | "incomparable";

export type Difference = { 
/**
 * Lane, counted from 0.
 */
lane: number, 
/**
 * Steps made.
 */
step: number, 
/**
 * Key of the metric.
 */
metric: string, 
/**
 * Value expected; null when nothing was measured.
 */
expected: number | null, 
/**
 * Value found; null when nothing was measured.
 */
found: number | null, };

export type Deviation = { 
/**
 * What is allowed.
 */
tolerance: Tolerance, 
/**
 * What was found.
 */
largest: number, };

export type Comparison = { 
/**
 * Of the worst lane.
 */
verdict: Verdict, 
/**
 * Of each lane.
 */
lanes: Array<Verdict>, 
/**
 * Where the runs part first, at whatever size.
 */
first: Difference | null, 
/**
 * Where a value first leaves its tolerance.
 */
beyond: Difference | null, 
/**
 * Per metric.
 */
deviations: Array<Deviation>, 
/**
 * The whole in one sentence.
 */
summary: string, };

export type RunMetric = { 
/**
 * Name in `lanes[].metrics`.
 */
key: string, 
/**
 * Name for readers.
 */
label: string, 
/**
 * Unit, empty for a plain number.
 */
unit: string, 
/**
 * What it means, with its source.
 */
help: string, };

export type RunLane = { 
/**
 * Name in legends.
 */
name: string, 
/**
 * How it differs from the first lane.
 */
difference: string, 
/**
 * Values of each metric, one per report; null where nothing was measured.
 */
metrics: Record<string, Array<number | null>>, };

export type RunFile = { 
/**
 * `nmflow-run`.
 */
format: string, 
/**
 * Version of this layout.
 */
version: number, 
/**
 * Version of nmflow that wrote the file.
 */
nmflow: string, 
/**
 * `cpu` or `webgpu`; null when not known.
 */
backend: string | null, 
/**
 * The adapter in words; empty on the CPU, null when not known.
 */
adapter: string | null, 
/**
 * The experiment, complete.
 */
document: RawExperiment, 
/**
 * What the metrics are.
 */
metrics: Array<RunMetric>, 
/**
 * Steps made at each report, ascending.
 */
steps: Array<number>, 
/**
 * Seconds of training until each report, without pauses; null where not known. Measured, so no two runs agree in
 * them, and no part of the fingerprint.
 */
elapsed_s: Array<number | null>, 
/**
 * One entry per lane.
 */
lanes: Array<RunLane>, 
/**
 * What a replay should find again; null for an unfinished run.
 */
fingerprint: Fingerprint | null, };

export type PlannedCell = { 
/**
 * Swept fields with their values.
 */
settings: Record<string, unknown>, 
/**
 * The experiment with these values, before it is repeated over seeds.
 */
experiment: RawExperiment, 
/**
 * The experiment over all seeds, in parts of lanes that train together.
 */
parts: Array<RawExperiment>, };

export type MeasuredLane = { 
/**
 * The lane.
 */
lane: RawLane, 
/**
 * Its metrics by key, without those that were not measured.
 */
metrics: Record<string, number>, 
/**
 * The metrics whose value was kept at every report; null where nothing was measured.
 */
curves: Record<string, Array<number | null>>, };

export type StudyCell = { 
/**
 * Swept fields with their values; empty in a study without sweep.
 */
settings: Record<string, unknown>, 
/**
 * The experiment with these values, before it was repeated over seeds.
 */
experiment: RawExperiment, 
/**
 * Mean, spread and paired differences by metric.
 */
summary: Record<string, Array<GroupSummary>>, 
/**
 * Steps of the reports, where curves were kept.
 */
steps: Array<number>, 
/**
 * Every lane with every seed.
 */
lanes: Array<MeasuredLane>, };

export type StudyResults = { 
/**
 * Version of this layout.
 */
version: number, 
/**
 * Version of nmflow that trained it.
 */
nmflow: string, 
/**
 * The adapter in words, or `CPU`.
 */
device: string, 
/**
 * Title.
 */
name: string, 
/**
 * What it asks, and what was scaled down.
 */
notes: string, 
/**
 * Seeds of every combination.
 */
seeds: number, 
/**
 * The first of them.
 */
first_seed: number, 
/**
 * One entry per combination of swept values that was trained.
 */
cells: Array<StudyCell>, };
