//! The bench's training step in Burn as it comes: its modules, its autodiff, its AdamW, its WebGPU backend.
//!
//! The static constructors are run once at the start, as nmflow does: otherwise every exported call would run
//! thousands of them again, and Burn would look slower than it is.

use burn::module::{Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig, Linear};
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};
use js_sys::{Array, Float32Array, Object, Reflect};
use wasm_bindgen::prelude::*;

unsafe extern "C" {
    fn __wasm_call_ctors();
}

#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    // SAFETY: called once, before anything else, as a command's entry point would.
    unsafe { __wasm_call_ctors() }
}

#[derive(Module, Debug)]
struct Block {
    norm1: LayerNorm,
    qkv: Linear,
    o: Linear,
    norm2: LayerNorm,
    ff1: Linear,
    ff2: Linear,
}

#[derive(Module, Debug)]
struct VisionTransformer {
    embed: Param<Tensor<2>>,
    positions: Param<Tensor<2>>,
    blocks: Vec<Block>,
    norm: LayerNorm,
    head: Linear,
}

/// Named tensors as the bench page hands them over: `{ shape, values }` by name.
struct Weights<'a>(&'a Object, &'a Device);

impl Weights<'_> {
    fn data(&self, name: &str) -> (Vec<usize>, Vec<f32>) {
        let tensor = get(self.0, name);
        let shape = Array::from(&get(&tensor, "shape"));
        let shape = shape.iter().map(|side| side.as_f64().expect("sides are numbers") as usize).collect();
        (shape, floats(&tensor, "values"))
    }

    fn matrix(&self, name: &str) -> Param<Tensor<2>> {
        let (shape, values) = self.data(name);
        Param::from_data(TensorData::new(values, shape), self.1)
    }

    fn vector(&self, name: &str) -> Param<Tensor<1>> {
        let (shape, values) = self.data(name);
        Param::from_data(TensorData::new(values, shape), self.1)
    }

    fn linear(&self, name: &str) -> Linear {
        let weight = self.matrix(&format!("{name}.weight"));
        Linear { weight, bias: Some(self.vector(&format!("{name}.bias"))) }
    }

    fn norm(&self, name: &str) -> LayerNorm {
        let gamma = self.vector(&format!("{name}.scale"));
        let features = gamma.val().dims()[0];
        let mut norm = LayerNormConfig::new(features).init(self.1);
        norm.gamma = gamma;
        norm.beta = Some(self.vector(&format!("{name}.shift")));
        norm
    }
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).expect("the page gives plain objects")
}

fn number(object: &JsValue, key: &str) -> f64 {
    get(object, key).as_f64().unwrap_or_else(|| panic!("{key} is not a number"))
}

fn floats(object: &JsValue, key: &str) -> Vec<f32> {
    Float32Array::from(get(object, key)).to_vec()
}

/// The tanh form, as everybody else has it. Burn's own, `gelu_approximate`, raises negative numbers to a power, which
/// WGSL leaves undefined.
fn gelu(x: Tensor<3>) -> Tensor<3> {
    let cube = x.clone() * x.clone() * x.clone();
    let inner = (x.clone() + cube * 0.044715) * (2.0 / std::f64::consts::PI).sqrt();
    x * (inner.tanh() + 1) * 0.5
}

impl Block {
    fn new(weights: &Weights<'_>, layer: usize) -> Self {
        let name = |part: &str| format!("blocks.{layer}.{part}");
        Self {
            norm1: weights.norm(&name("norm1")),
            qkv: weights.linear(&name("qkv")),
            o: weights.linear(&name("o")),
            norm2: weights.norm(&name("norm2")),
            ff1: weights.linear(&name("ff1")),
            ff2: weights.linear(&name("ff2")),
        }
    }

    /// `[batch, tokens, d_model] -> [batch, tokens, d_model]`.
    fn forward(&self, x: Tensor<3>, heads: usize) -> Tensor<3> {
        let [batch, tokens, width] = x.dims();
        let part = |part: Tensor<3>| part.reshape([batch, tokens, heads, width / heads]).swap_dims(1, 2);
        let qkv = self.qkv.forward(self.norm1.forward(x.clone())).chunk(3, 2);
        let [q, k, v] = [0, 1, 2].map(|which| part(qkv[which].clone()));
        let scores = q.matmul(k.transpose()).div_scalar(((width / heads) as f32).sqrt());
        let context = softmax(scores, 3).matmul(v).swap_dims(1, 2).reshape([batch, tokens, width]);
        let x = x + self.o.forward(context);
        let hidden = gelu(self.ff1.forward(self.norm2.forward(x.clone())));
        x + self.ff2.forward(hidden)
    }
}

impl VisionTransformer {
    fn loss(&self, patches: Tensor<2>, labels: Tensor<2, Int>, sizes: &Sizes) -> Tensor<1> {
        let tokens = patches.matmul(self.embed.val()).reshape([sizes.batch, sizes.tokens, sizes.d_model]);
        let mut x = tokens + self.positions.val().unsqueeze();
        for block in &self.blocks {
            x = block.forward(x, sizes.heads);
        }
        let pooled = self.norm.forward(x).mean_dim(1).reshape([sizes.batch, sizes.d_model]);
        log_softmax(self.head.forward(pooled), 1).gather(1, labels).mean().neg()
    }
}

struct Sizes {
    batch: usize,
    tokens: usize,
    features: usize,
    d_model: usize,
    heads: usize,
}

/// A run of stock Burn.
#[wasm_bindgen]
pub struct StockBurn {
    model: VisionTransformer,
    optimizer: ModuleOptimizer,
    learning_rate: f64,
    device: Device,
    sizes: Sizes,
    batches: Vec<(Vec<f32>, Vec<i32>)>,
    steps: usize,
}

#[wasm_bindgen]
impl StockBurn {
    /// Opens a run; the arguments are those of the bench page.
    pub async fn open(weights: Object, batches: Array, model: Object, optimizer: Object) -> Result<Self, JsError> {
        let inner = burn::tensor::Device::wgpu_options()
            .init_async()
            .await
            .map_err(|error| JsError::new(&format!("Burn finds no adapter: {error:?}")))?;
        let device = inner.autodiff();
        let size = |key: &str| number(&model, key) as usize;
        let named = Weights(&weights, &device);
        let network = VisionTransformer {
            embed: named.matrix("embed"),
            positions: named.matrix("positions"),
            blocks: (0..size("layers")).map(|layer| Block::new(&named, layer)).collect(),
            norm: named.norm("norm"),
            head: named.linear("head"),
        };
        let rate = |key: &str| number(&optimizer, key) as f32;
        let adamw = AdamWConfig::new()
            .with_beta_1(rate("beta1"))
            .with_beta_2(rate("beta2"))
            .with_epsilon(rate("epsilon"))
            .with_weight_decay(rate("weight_decay"));
        let batches = batches.iter().map(|batch| {
            let labels = floats(&batch, "labels").into_iter().map(|label| label as i32).collect();
            (floats(&batch, "patches"), labels)
        });
        Ok(Self {
            model: network,
            optimizer: adamw.init(),
            learning_rate: number(&optimizer, "learning_rate"),
            device,
            sizes: Sizes {
                batch: size("batch"),
                tokens: size("tokens"),
                features: size("features"),
                d_model: size("d_model"),
                heads: size("heads"),
            },
            batches: batches.collect(),
            steps: 0,
        })
    }

    /// Trained numbers.
    pub fn parameters(&self) -> usize {
        self.model.num_params()
    }

    /// Trains `steps` steps and waits for them: the loss of the last one.
    pub async fn train(&mut self, steps: usize) -> Result<f32, JsError> {
        let mut last = None;
        for _ in 0..steps {
            let (patches, labels) = &self.batches[self.steps % self.batches.len()];
            let Sizes { batch, tokens, features, .. } = self.sizes;
            let patches = TensorData::new(patches.clone(), [batch * tokens, features]);
            let labels = TensorData::new(labels.clone(), [batch, 1]);
            let patches = Tensor::<2>::from_data(patches, &self.device);
            let labels = Tensor::<2, Int>::from_data(labels, &self.device);
            let loss = self.model.loss(patches, labels, &self.sizes);
            let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
            self.model = self.optimizer.step(self.learning_rate, self.model.clone(), gradients);
            self.steps += 1;
            last = Some(loss);
        }
        let loss = last.ok_or_else(|| JsError::new("0 steps have no loss"))?;
        loss.into_scalar_async::<f32>().await.map_err(|error| JsError::new(&format!("{error:?}")))
    }
}
