//! Training in slices between the page's messages: run controls, reports, speed.

use wasm_bindgen_futures::JsFuture;
use web_time::{Duration, Instant};

use super::lab::Lab;
use super::protocol::{Event, Numbers, RunState};
use super::{events, noise};
use crate::error::{LabError, Problem};
use crate::experiment::{Experiment, Report};
use crate::metrics;

/// Longest slice of training between two looks at the page's messages.
const SLICE: Duration = Duration::from_millis(50);
/// Time between two progress events.
const PROGRESS: Duration = Duration::from_millis(200);
/// Shorter intervals tell nothing of the speed.
const MEASURABLE: Duration = Duration::from_millis(50);
/// Weight of the newest interval in the shown speed.
const SPEED_SHARE: f64 = 0.3;

/// Steps whose kernels are compiled while others train.
const STEPS_AHEAD: u32 = 100;

/// Recent speed and when the last events were sent.
pub(super) struct Speed {
    last: Instant,
    last_step: u32,
    pub(super) steps_per_second: f64,
    next_step: Instant,
}

impl Speed {
    pub(super) fn new(step: u32) -> Self {
        let now = Instant::now();
        Self { last: now, last_step: step, steps_per_second: 0.0, next_step: now }
    }

    /// Updates the speed when it is time for a progress event.
    pub(super) fn tick(&mut self, step: u32, force: bool) -> bool {
        let elapsed = self.last.elapsed();
        if elapsed < PROGRESS && !force {
            return false;
        }
        let made = f64::from(step - self.last_step);
        if made > 0.0 && elapsed >= MEASURABLE {
            let now = made / elapsed.as_secs_f64();
            let share = if self.steps_per_second == 0.0 { 1.0 } else { SPEED_SHARE };
            self.steps_per_second += share * (now - self.steps_per_second);
            (self.last, self.last_step) = (Instant::now(), step);
        }
        true
    }
}

impl Lab {
    pub(super) async fn resume_training(&mut self) -> Result<(), LabError> {
        let Some(run) = &mut self.run else { return Ok(()) };
        if run.experiment.finished() {
            return self.finish().await;
        }
        run.speed = Speed { steps_per_second: run.speed.steps_per_second, ..Speed::new(run.experiment.step()) };
        self.set_state(RunState::Running);
        Ok(())
    }

    /// Whether the other workers of the run have to catch up.
    pub(super) fn waiting(&self) -> bool {
        let step = self.run.as_ref().map_or(0, |run| run.experiment.step());
        self.until.is_some_and(|until| step >= until)
    }

    pub(super) fn pause(&mut self) {
        if self.state == RunState::Running {
            self.progress(true);
            self.set_state(RunState::Paused);
        }
    }

    pub(super) fn reset(&mut self) {
        let Some(run) = &mut self.run else { return };
        run.experiment.restart();
        run.opened_report = false;
        run.speed = Speed::new(0);
        let event = events::opened(&run.experiment, run.workers);
        self.post(&event);
        self.set_state(RunState::Idle);
    }

    pub(super) fn limit_speed(&mut self, steps_per_second: Option<f64>) -> Result<(), LabError> {
        if steps_per_second.is_some_and(|speed| !(speed > 0.0 && speed.is_finite())) {
            let reason = "must be a number above 0; leave it empty for full speed";
            return Err(LabError::Config(vec![Problem::new("steps_per_second", reason)]));
        }
        self.steps_per_second = steps_per_second;
        Ok(())
    }

    /// The report of step 0 for whoever needs it before any training, once.
    pub(super) async fn report_opening(&mut self) -> Result<(), LabError> {
        let Some(run) = self.run.as_mut().filter(|run| !run.opened_report) else { return Ok(()) };
        run.opened_report = true;
        let report = run.experiment.report().await?;
        self.post_report(&report)
    }

    /// Has the kernels compiled that `prepare` launches, several at a time where the browser can. Gives what to wait
    /// for if there are any.
    fn compile(&mut self, prepare: impl FnOnce(&mut Experiment) -> bool) -> Option<JsFuture> {
        let run = self.run.as_mut()?;
        self.pipelines.gather();
        let launched = prepare(&mut run.experiment);
        let made = self.pipelines.made();
        launched.then(|| made.into())
    }

    /// Waits for the kernels of the next step, or of the evaluation before it.
    async fn compiled(&mut self, prepare: impl FnOnce(&mut Experiment) -> bool) -> Result<(), LabError> {
        let Some(made) = self.compile(prepare) else { return Ok(()) };
        made.await.map(drop).map_err(|reason| LabError::Device(format!("{reason:?}")))
    }

    /// Has kernels compiled that will be needed soon, while others train.
    fn compile_ahead(&mut self) {
        drop(self.compile(|run| run.prepare(run.step().saturating_add(STEPS_AHEAD))));
    }

    /// Trains the first step and gives the report of what stood before it, unless that was given.
    async fn first_step(&mut self) -> Result<bool, LabError> {
        let Some(run) = self.run.as_mut().filter(|run| !run.opened_report) else { return Ok(false) };
        run.opened_report = true;
        let before = run.experiment.first_step().await?;
        self.measure_speed_from_here();
        self.progress(true);
        self.compiled(|run| run.prepare_evaluation(0)).await?;
        let Some(run) = &mut self.run else { return Ok(true) };
        let report = run.experiment.report_before(before).await?;
        self.measure_speed_from_here();
        self.post_report(&report)?;
        self.compile_ahead();
        Ok(true)
    }

    /// What the first step waited for, kernels and an evaluation, tells nothing of the speed.
    fn measure_speed_from_here(&mut self) {
        if let Some(run) = &mut self.run {
            run.speed = Speed::new(run.experiment.step());
        }
    }

    pub(super) async fn step_once(&mut self) -> Result<(), LabError> {
        self.compiled(|run| run.prepare(run.step() + 1)).await?;
        if !self.first_step().await?
            && let Some(run) = &mut self.run
        {
            run.experiment.train_step();
        }
        self.report_if_due().await?;
        self.progress(true);
        if self.run.as_ref().is_some_and(|run| run.experiment.finished()) {
            return self.finish().await;
        }
        self.set_state(RunState::Paused);
        Ok(())
    }

    pub(super) async fn advance_slice(&mut self) -> Result<f64, LabError> {
        self.compiled(|run| run.prepare(run.step() + 1)).await?;
        if !self.first_step().await? {
            let wait_ms = self.train_slice();
            if wait_ms > 0.0 {
                return Ok(wait_ms);
            }
        }
        self.report_if_due().await?;
        let finished = self.run.as_ref().is_some_and(|run| run.experiment.finished());
        self.progress(finished || self.waiting());
        if finished {
            self.finish().await?;
        }
        Ok(0.0)
    }

    /// Trains until something is due. Gives the milliseconds to wait instead when the speed is limited, else 0.
    fn train_slice(&mut self) -> f64 {
        let Some(run) = &mut self.run else { return 0.0 };
        let start = Instant::now();
        loop {
            let now = Instant::now();
            if let Some(limit) = self.steps_per_second {
                if now < run.speed.next_step {
                    return (run.speed.next_step - now).as_secs_f64() * 1e3;
                }
                run.speed.next_step = now + Duration::from_secs_f64(1.0 / limit);
            }
            run.experiment.train_step();
            let waiting = self.until.is_some_and(|until| run.experiment.step() >= until);
            if waiting || run.experiment.report_due() || start.elapsed() >= SLICE {
                return 0.0;
            }
        }
    }

    /// The budget is spent: gives the fingerprint of what came out.
    async fn finish(&mut self) -> Result<(), LabError> {
        self.post_fingerprint().await?;
        self.set_state(RunState::Finished);
        Ok(())
    }

    async fn report_if_due(&mut self) -> Result<(), LabError> {
        let Some(run) = &mut self.run else { return Ok(()) };
        if !run.experiment.report_due() {
            return Ok(());
        }
        let report = run.experiment.report().await?;
        self.post_report(&report)?;
        self.compile_ahead();
        Ok(())
    }

    fn post_report(&self, report: &Report) -> Result<(), LabError> {
        let Some(run) = &self.run else { return Ok(()) };
        if let Some(fault) = run.choice.gpu.as_ref().and_then(|gpu| gpu.fault()) {
            return Err(LabError::Device(fault.to_owned()));
        }
        let values: Vec<f64> = report.lanes.iter().flat_map(metrics::row).collect();
        // Whoever trains a share does not know the other lanes: the page puts them together and asks for a summary.
        let summary = events::summary(&run.experiment, report.step, &values);
        let event = Event::Metrics {
            step: report.step,
            lanes: report.lanes.len(),
            values: Numbers(values),
            matrices: noise::matrices(report),
        };
        self.post(&event);
        if let Some(summary) = summary {
            self.post(&summary);
        }
        Ok(())
    }

    /// Takes lanes together that several workers trained; `values` is their common report.
    pub(super) fn summarise(&self, step: u32, values: &[f64]) {
        let run = self.run.as_ref();
        if let Some(summary) = run.and_then(|run| events::summary(&run.experiment, step, values)) {
            self.post(&summary);
        }
    }

    pub(super) fn progress(&mut self, force: bool) {
        let Some(run) = &mut self.run else { return };
        let (step, steps) = (run.experiment.step(), run.experiment.config().steps());
        if run.speed.tick(step, force) {
            let steps_per_second = run.speed.steps_per_second;
            let eta_s = (steps_per_second > 0.0).then(|| f64::from(steps - step) / steps_per_second);
            self.post(&Event::Progress { step, steps, steps_per_second, eta_s });
        }
    }
}
