//! From one run to evidence: the same lanes over several seeds, and experiments over the values of a field,
//! and the paper's results to hold them against.

mod document;
mod paper;
mod results;
mod seeds;
mod summary;

pub use document::{Cell, MAX_CELLS, MAX_SEEDS, Setting, Study, SweptField};
pub use paper::{PAPER, PaperRow, PaperTable};
pub use results::{MeasuredLane, SUMMARISED, StudyCell, StudyResults};
pub use seeds::{over_seeds, parts_over_seeds};
pub use summary::{GroupSummary, LaneGroup, groups, summarise};
