//! Experiments that come with the lab.

use super::ExperimentConfig;

/// An experiment that comes with the lab. Its title is the document's `name`.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Short name for links and commands.
    pub id: &'static str,
    /// What it shows, in one sentence.
    pub summary: &'static str,
    /// The document; fields at their default may be left out.
    pub json: &'static str,
}

impl Preset {
    /// The preset as a checked experiment.
    ///
    /// # Panics
    /// Never for an entry of [`PRESETS`], which a test checks.
    pub fn experiment(&self) -> ExperimentConfig {
        ExperimentConfig::from_json(self.json).expect("every preset is valid, which a test checks")
    }

    /// The preset called `id`, if there is one.
    pub fn find(id: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.id == id)
    }
}

/// Every preset; the first opens with the page.
pub static PRESETS: [Preset; 4] = [
    Preset {
        id: "default",
        summary: "Dense training and three sparse recipes at 1:16 learn generated shapes side by side.",
        json: include_str!("presets/default.json"),
    },
    Preset {
        id: "mnist",
        summary: "The same four lanes on an IDX pair of the MNIST family that you drop on the page.",
        json: include_str!("presets/mnist.json"),
    },
    Preset {
        id: "patterns",
        summary: "SR-STE against MdGf-Exponential at a mild and at a strong sparsity, with dense as control.",
        json: include_str!("presets/patterns.json"),
    },
    Preset {
        id: "gradient-rules",
        summary: "MdGf-Exponential with each gradient rule against SR-STE: what should pruned weights learn from?",
        json: include_str!("presets/gradient-rules.json"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ExperimentConfig;

    #[test]
    fn every_preset_is_valid_and_complete_documents_read_back_the_same() {
        for preset in &PRESETS {
            let experiment = ExperimentConfig::from_json(preset.json).unwrap_or_else(|problems| {
                panic!("preset {}: {problems:#?}", preset.id);
            });
            let written = serde_json::to_string(experiment.document()).unwrap();
            assert_eq!(ExperimentConfig::from_json(&written).as_ref(), Ok(&experiment));
            assert_eq!(ExperimentConfig::try_from(experiment.document().clone()), Ok(experiment));
        }
    }

    #[test]
    fn presets_are_found_by_an_id_of_their_own() {
        for preset in &PRESETS {
            assert_eq!(Preset::find(preset.id).unwrap().json, preset.json);
            assert!(preset.summary.ends_with(['.', '?']), "{}", preset.summary);
        }
        assert!(Preset::find("no such preset").is_none());
    }

    #[test]
    fn lanes_say_how_they_differ() {
        let differences = |id| {
            let experiment = Preset::find(id).unwrap().experiment();
            (0..experiment.lanes().len()).map(|lane| experiment.lane_difference(lane)).collect::<Vec<_>>()
        };
        assert_eq!(differences("default"), ["baseline", "SR-STE", "MdGf-Exponential", "SdGf-Stepwise"]);
        assert_eq!(
            differences("patterns"),
            ["baseline", "SR-STE, FF 1:4", "MdGf-Exponential, FF 1:4", "SR-STE", "MdGf-Exponential"]
        );
        assert_eq!(
            differences("gradient-rules"),
            [
                "baseline",
                "MdGf-Exponential",
                "MdGf-Exponential, gradient decayed by D",
                "MdGf-Exponential, gradient zero"
            ]
        );
    }
}
