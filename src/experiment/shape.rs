//! The network that an experiment and its data ask for, and the sizes that decide what it costs.

use crate::config::ExperimentConfig;
use crate::cost::{NetworkShape, StackCost};
use crate::data::{Dataset, SampleForm, TextForm};
use crate::error::LabError;
use crate::kernels::AttentionSpan;
use crate::model::{Architecture, Entrance, Form, PatchGrid, StackShape, TextShape};

/// Sizes of the network for the data's samples.
///
/// # Errors
/// What does not fit, field by field.
pub fn architecture(config: &ExperimentConfig, dataset: &Dataset) -> Result<Architecture, LabError> {
    let model = config.model();
    let text = |form: &TextForm| TextShape { vocabulary: form.alphabet.len(), tokens: form.tokens };
    let form = match dataset.form() {
        SampleForm::Images { shape, class_names } => {
            config.fit_image(shape.height, shape.width)?;
            let (height, width, channels) = (shape.height, shape.width, shape.channels);
            let grid = PatchGrid { height, width, channels, patch: model.patch };
            Form::Classifier { grid, classes: class_names.len(), window: model.window }
        }
        SampleForm::Text(form) => Form::Language(text(form)),
        SampleForm::Pairs { source, target } => Form::Translator { source: text(source), target: text(target) },
    };
    Ok(Architecture { form, layers: model.layers, heads: model.heads, d_model: model.d_model, d_ff: model.d_ff })
}

/// The sizes that decide what a network costs.
pub fn network_shape(architecture: &Architecture) -> NetworkShape {
    NetworkShape {
        stacks: architecture.stacks().iter().map(|stack| stack_cost(stack, architecture.layers)).collect(),
        layers: architecture.layers,
        d_model: architecture.d_model,
        d_ff: architecture.d_ff,
        classes: architecture.classes(),
        answers: architecture.answers(),
    }
}

fn stack_cost(stack: &StackShape, layers: usize) -> StackCost {
    let tokens = stack.tokens();
    let pairs = |span: AttentionSpan| match span {
        AttentionSpan::Full | AttentionSpan::Causal => tokens * tokens,
        AttentionSpan::Windows { .. } => span.pairs(tokens, tokens),
    };
    let [even, odd] = stack.spans.map(pairs);
    StackCost {
        tokens,
        pairs: (even * layers.div_ceil(2) + odd * (layers / 2)) as f64 / layers as f64,
        memory_tokens: stack.memory_tokens,
        inputs: stack.entrance.features(),
        lookup: matches!(stack.entrance, Entrance::Text(_)),
    }
}
