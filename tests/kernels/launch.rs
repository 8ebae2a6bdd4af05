//! What it costs the host to enqueue work.

use crate::common::{gpu, random, values};
use crate::tests;
use burn::backend::Dispatch;
use nmflow::kernels::LaneOps;
use web_time::Instant;

/// Small models wait for launches, not for arithmetic, so this bounds their speed.
const LIMIT_US: f64 = 50.0;

tests! {
    /// In a page the static constructors of cubecl would make a launch cost milliseconds if every call re-ran them.
    async fn a_launch_is_enqueued_in_less_than_50_microseconds() {
        let Some(gpu) = gpu().await else { return };
        let x = random(&[1, 4, 16], "x", &gpu);
        let mut best_us = f64::INFINITY;
        // The best of many rounds, because other programs and tests share the machine; on a quiet one the first will do.
        for _ in 0..500 {
            let start = Instant::now();
            let pooled = (0..32).fold(x.clone(), |_, _| Dispatch::mean_pool(&x, 4));
            best_us = best_us.min(start.elapsed().as_secs_f64() * 1e6 / 32.0);
            values(pooled).await;
            if best_us < LIMIT_US {
                return;
            }
        }
        panic!("a launch took {best_us:.1} us");
    }
}
