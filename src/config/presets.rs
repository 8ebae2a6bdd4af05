//! Experiments that come with the lab.

use super::ExperimentConfig;

/// An experiment that comes with the lab. Its title is the document's `name`.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Short name for links and commands.
    pub id: &'static str,
    /// What it shows, in one sentence.
    pub summary: &'static str,
    /// What is scaled down or changed against its source, and why.
    pub notes: &'static str,
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
pub static PRESETS: [Preset; 19] = [
    Preset {
        id: "default",
        summary: "A dense network and three that keep 1 of every 16 weights (1:16) learn the same generated images, side by side.",
        notes: "The paper trains ViT-Base on ImageNet-1K; here they have width 64 and learn for 600 steps, so that curves move while one watches.",
        json: include_str!("presets/default.json"),
    },
    Preset {
        id: "mnist",
        summary: "The same four lanes on an IDX pair of the MNIST family that you drop on the page.",
        notes: "Small images and 2500 steps in place of ImageNet-1K: real data at a size that a browser trains.",
        json: include_str!("presets/mnist.json"),
    },
    Preset {
        id: "patterns",
        summary: "SR-STE against MdGf-Exponential at a mild and at a strong sparsity, with dense as control.",
        notes: "Two of the paper's patterns at width 64 on generated images; “SR-STE and MdGf from 2:4 to 1:32” has them all.",
        json: include_str!("presets/patterns.json"),
    },
    Preset {
        id: "gradient-rules",
        summary: "MdGf-Exponential with each gradient rule against SR-STE: what should pruned weights learn from?",
        notes: "The paper's text and its code differ in what pruned weights receive; both are here, and zero as the third, on generated images.",
        json: include_str!("presets/gradient-rules.json"),
    },
    Preset {
        id: "quick",
        summary: "SR-STE, MdGf and SdGf beside dense training at 1:8: a first look, in a small network and few steps.",
        notes: "Scaled down from the paper's ViT-Base on ImageNet-1K to width 32 and 300 steps of generated images, to be over soon; too few for a verdict.",
        json: include_str!("presets/quick.json"),
    },
    Preset {
        id: "paper-fig3",
        summary: "The paper's noise figure: SR-STE against MdGf-Exponential at 1:16, with the dense and STE controls that it lacks.",
        notes: "Network (3 layers, 3 heads, width 192, MLP 768), batch 64 and data (CIFAR-10, from your own files) are the paper's. The budget, 4000 steps, is ours: six epochs, which shows the noise and not the final accuracy.",
        json: include_str!("presets/paper-fig3.json"),
    },
    Preset {
        id: "fig3-small",
        summary: "A small twin of the paper's noise figure on generated images: dense, STE, SR-STE and MdGf-Exponential at 1:16.",
        notes: "Layers and heads are the paper's; width 48 instead of 192 and generated images instead of CIFAR-10 make it 16 times lighter and need no download.",
        json: include_str!("presets/fig3-small.json"),
    },
    Preset {
        id: "table2",
        summary: "SR-STE against MdGf-Exponential from 2:4 to 1:32, the rows of the paper's main table.",
        notes: "Width 64 instead of 768 and generated images instead of ImageNet-1K; 1:128 is left out because groups of 128 do not fit a width of 64.",
        json: include_str!("presets/table2.json"),
    },
    Preset {
        id: "beta",
        summary: "MdGf-Exponential with different decay rates beta: fast decay is SR-STE without its pull, slow decay is dense.",
        notes: "Rates are per step of 1200; the paper's budgets are hundreds of times longer, so its rates are smaller.",
        json: include_str!("presets/beta.json"),
    },
    Preset {
        id: "dense-phase",
        summary: "SR-STE and MdGf-Exponential with dense phases from none to 10 % of the budget, the range of the paper.",
        notes: "1200 steps on generated images: 1.25 % of them are 15 steps, fewer than the learning rate needs to warm up.",
        json: include_str!("presets/dense-phase.json"),
    },
    Preset {
        id: "fine-tune",
        summary: "MdGf-Exponential and SdGf-Stepwise with fine-tune phases from 5 % to 40 %; the paper uses 10 % to 20 %.",
        notes: "1200 steps on generated images. Decay is over at 70 % of the budget whatever the fine-tune phase is, so at 40 % it is cut short.",
        json: include_str!("presets/fine-tune.json"),
    },
    Preset {
        id: "attention",
        summary: "Feed-forward at 1:8 alone, with Q and K, and with Q, K and V, as the paper places its patterns.",
        notes: "Width 64 with 1:8 everywhere; SdGf-Geometric takes k = 8 because groups of 128 do not fit.",
        json: include_str!("presets/attention.json"),
    },
    Preset {
        id: "average-density",
        summary: "Does decay itself help, or only the time that weights spend unpruned? Late pruning gives SR-STE the same time.",
        notes: "The rival explanation is tested on accuracy against average active share; MdGf keeps every weight in play to 80 % of the steps, and so do the lanes that prune only then.",
        json: include_str!("presets/average-density.json"),
    },
    Preset {
        id: "newer-recipes",
        summary: "Annealed SR-STE, S-STE, STEP, MdGf with SdGf, and sparse training that ends dense, against SR-STE.",
        notes: "All at the same learning rate on generated images; the recipes come from papers on other patterns (2:4) and larger networks. Sparse-then-dense ends with a dense network.",
        json: include_str!("presets/newer-recipes.json"),
    },
    Preset {
        id: "characters",
        summary: "A decoder-only network learns generated sentences character by character, dense and at 1:16.",
        notes: "The paper has no character model; this is its recipes on the smallest language task that runs without a file. One sentence in eight is held out by their hash, and judged in bits per character.",
        json: include_str!("presets/characters.json"),
    },
    Preset {
        id: "own-text",
        summary: "The same decoder-only network on a text file that you drop on the page.",
        notes: "The end of your text is held out. A few hundred kilobytes are enough for 1500 steps; more than 128 different characters are not told apart.",
        json: include_str!("presets/own-text.json"),
    },
    Preset {
        id: "translation",
        summary: "An encoder-decoder translates numbers into words; combinations of digits are held out. Dense and three recipes at 1:16.",
        notes: "Scaled down from the paper's WMT encoder-decoder to width 64, two layers each and generated numbers, so that a minute tells. Token accuracy is teacher-forced, as in the paper; exact match is that of greedy decoding.",
        json: include_str!("presets/translation.json"),
    },
    Preset {
        id: "language",
        summary: "Translation at 1:16, 1:32, 1:64 and 1:128: the columns of the paper's WMT table.",
        notes: "Width 128 is the least that holds groups of 128. Generated numbers replace WMT and are easy: all lanes may end near 100 %, so look at how fast they get there, and at the loss.",
        json: include_str!("presets/language.json"),
    },
    Preset {
        id: "windows",
        summary: "Windowed attention with shifted windows, as in the paper's second vision family, at 1:16.",
        notes: "From SwinV2 only the windows and their shift are taken: one resolution of 8 x 8 patches, windows of 4 x 4 moved by 2 in every other block, learned positions, pre-norm. No patch merging, relative bias or cosine attention. Four blocks want a low learning rate: at 0.004 SR-STE stays at chance.",
        json: include_str!("presets/windows.json"),
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
            for text in [preset.summary, preset.notes] {
                // Plain words: the page shows them as they stand.
                assert!(text.ends_with(['.', '?']) && !text.contains('`'), "{text}");
            }
        }
        assert!(Preset::find("no such preset").is_none());
    }

    #[test]
    fn lanes_of_presets_are_named_by_what_they_are() {
        for preset in &PRESETS {
            let experiment = preset.experiment();
            let mut names: Vec<_> = experiment.lanes().iter().map(|lane| lane.name.as_str()).collect();
            // A name that were given here would stay when a visitor changes the lane.
            assert!(experiment.document().lanes.iter().all(|lane| lane.name.is_none()), "{}", preset.id);
            assert!(names.iter().all(|name| name.len() <= 40 && !name.ends_with(" 2")), "{names:?}");
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), experiment.lanes().len());
        }
        let names = |id| {
            let lanes = Preset::find(id).unwrap().experiment();
            lanes.lanes().iter().map(|lane| lane.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names("default"), ["Dense", "SR-STE", "MdGf-Exp", "SdGf-Step"]);
        assert_eq!(names("patterns"), ["Dense", "SR-STE 1:4", "MdGf-Exp 1:4", "SR-STE 1:16", "MdGf-Exp 1:16"]);
        assert_eq!(names("dense-phase")[..2], ["SR-STE, dense phase 0 %", "SR-STE, dense phase 1.25 %"]);
    }

    #[test]
    fn lanes_say_how_they_differ() {
        let differences = |id| {
            let experiment = Preset::find(id).unwrap().experiment();
            (0..experiment.lanes().len()).map(|lane| experiment.lane_difference(lane)).collect::<Vec<_>>()
        };
        assert_eq!(differences("default"), ["first lane", "SR-STE", "MdGf-Exponential", "SdGf-Stepwise"]);
        assert_eq!(
            differences("patterns"),
            ["first lane", "SR-STE, FF 1:4", "MdGf-Exponential, FF 1:4", "SR-STE", "MdGf-Exponential"]
        );
        assert_eq!(
            differences("gradient-rules"),
            [
                "first lane",
                "MdGf-Exponential",
                "MdGf-Exponential, gradient decayed by D",
                "MdGf-Exponential, gradient zero"
            ]
        );
    }
}
