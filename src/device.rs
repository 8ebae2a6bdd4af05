//! Where the arithmetic runs: finding the GPU, and choosing between it and the CPU by measurement.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Poll, Waker};

use burn::backend::Dispatch;
use burn::tensor::Device;
use burn_wgpu::WgpuSetup;
use serde::{Deserialize, Serialize};
use web_time::Instant;

use crate::kernels::{Affine, LaneOps, buffer};

/// What the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Wanted {
    /// Whichever is faster here.
    #[default]
    Auto,
    /// The CPU backend.
    Cpu,
    /// WebGPU in the browser, Vulkan, Metal or DirectX 12 natively.
    WebGpu,
}

/// The GPU of this process or page. There is one: its runtime can be registered only once.
#[derive(Clone, Debug)]
pub struct Gpu {
    /// Burn's device.
    pub device: Device,
    /// The adapter in words.
    pub adapter: String,
    /// Limits that bound what fits.
    pub limits: Vec<(String, u64)>,
    fault: Arc<Fault>,
}

impl Gpu {
    /// The first error that no call returned, if there was one. It invalidates every result after it.
    pub fn fault(&self) -> Option<&str> {
        self.fault.text.get().map(String::as_str)
    }

    /// Waits for the first [`fault`](Self::fault), which is noticed even while nothing is asked of the GPU.
    /// There may be one waiter at a time.
    pub async fn failure(&self) -> String {
        poll_fn(|context| {
            *self.fault.waiting.lock().expect("no panic while holding the lock") = Some(context.waker().clone());
            self.fault().map_or(Poll::Pending, |text| Poll::Ready(text.to_owned()))
        })
        .await
    }
}

/// The first error that the GPU reported outside of any call, such as a rejected shader or its own loss.
#[derive(Debug, Default)]
struct Fault {
    text: OnceLock<String>,
    waiting: Mutex<Option<Waker>>,
}

impl Fault {
    fn record(&self, text: String) {
        // Only the first error matters: the rest follow from it.
        if self.text.set(text).is_ok()
            && let Some(waker) = self.waiting.lock().expect("no panic while holding the lock").take()
        {
            waker.wake();
        }
    }
}

/// The outcome of the one search for a GPU.
static FOUND: Mutex<Option<Result<Gpu, String>>> = Mutex::new(None);

/// The GPU, initialised at the first call.
///
/// # Errors
/// Why there is none, in words for the user.
pub async fn gpu() -> Result<Gpu, String> {
    // The kernels' compiler finds its parts through static constructors; a page runs them at its start,
    // a test page has no start of ours.
    #[cfg(target_arch = "wasm32")]
    crate::constructors::run();
    let known = FOUND.lock().expect("no panic while holding the lock").clone();
    if let Some(known) = known {
        return known;
    }
    let found = find_gpu().await;
    // Two callers may race to this point natively; the first one registered the runtime and wins.
    FOUND.lock().expect("no panic while holding the lock").get_or_insert(found).clone()
}

async fn find_gpu() -> Result<Gpu, String> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let options =
        wgpu::RequestAdapterOptions { power_preference: wgpu::PowerPreference::HighPerformance, ..Default::default() };
    let adapter = instance.request_adapter(&options).await.map_err(|_| "no GPU adapter was offered".to_owned())?;
    let info = adapter.get_info();
    // Burn's runtime times its streams and panics without this feature.
    if !adapter.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
        return Err(format!("the adapter {} lacks timestamp queries", describe(&info)));
    }
    let descriptor = wgpu::DeviceDescriptor {
        required_features: adapter.features().difference(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS)
            & !wgpu::Features::all_experimental_mask(),
        required_limits: adapter.limits(),
        memory_hints: wgpu::MemoryHints::MemoryUsage,
        ..Default::default()
    };
    let (device, queue) = adapter
        .request_device(&descriptor)
        .await
        .map_err(|error| format!("the adapter {} refused a device ({})", describe(&info), plain(&error)))?;
    let limits = limits(&device.limits());
    let setup = WgpuSetup { instance, adapter, device: device.clone(), queue, backend: info.backend };
    let burn_device =
        Device::wgpu_options().setup(setup).init().map_err(|error| format!("the runtime refused it ({error})"))?;
    let fault = Arc::new(Fault::default());
    watch(&device, &fault);
    Ok(Gpu { device: burn_device, adapter: describe(&info), limits, fault })
}

/// Records what goes wrong on `device` outside of any call.
fn watch(device: &wgpu::Device, fault: &Arc<Fault>) {
    let recorder = fault.clone();
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| recorder.record(error.to_string())));
    // A browser tells every listener. Natively there is room for one, which is the runtime's own: there a lost
    // device fails the next read-back.
    #[cfg(target_arch = "wasm32")]
    {
        let recorder = fault.clone();
        device.set_device_lost_callback(move |_, message| recorder.record(format!("the GPU was lost ({message})")));
    }
}

/// What the browser says of its adapter; wgpu passes on only part of it.
static BROWSER_NAME: OnceLock<String> = OnceLock::new();

/// Names the adapter in a browser. To be called before [`gpu`]; later calls change nothing.
pub fn name_adapter(name: String) {
    let _ = BROWSER_NAME.set(name);
}

/// The browser's own words in an error of wgpu, which wraps them as a value for debugging.
fn plain(error: &wgpu::RequestDeviceError) -> String {
    let text = error.to_string();
    let inner = text.strip_prefix("JsValue(").and_then(|text| text.strip_suffix(')')).unwrap_or(&text);
    inner.lines().next().unwrap_or(inner).trim_end_matches(" undefined").to_owned()
}

fn describe(info: &wgpu::AdapterInfo) -> String {
    let name = match (info.name.as_str(), BROWSER_NAME.get()) {
        ("", Some(name)) => name,
        ("", None) => "without a name",
        (name, _) => name,
    };
    format!("{name} ({})", info.backend)
}

fn limits(limits: &wgpu::Limits) -> Vec<(String, u64)> {
    [
        ("largest storage binding, bytes", limits.max_storage_buffer_binding_size),
        ("largest buffer, bytes", limits.max_buffer_size),
        ("workgroup memory, bytes", u64::from(limits.max_compute_workgroup_storage_size)),
        ("invocations per workgroup", u64::from(limits.max_compute_invocations_per_workgroup)),
        ("storage buffers per shader", u64::from(limits.max_storage_buffers_per_shader_stage)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// The device a run will use, and how it was chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Burn's device.
    pub device: Device,
    /// The GPU, when that is what was chosen.
    pub gpu: Option<Gpu>,
    /// Why, in words for the user.
    pub reason: String,
    /// Time of the probe on the GPU, when both were timed.
    pub gpu_ms: Option<f64>,
    /// Time of the probe on the CPU, when both were timed.
    pub cpu_ms: Option<f64>,
}

/// Chooses the device for `wanted`; [`Wanted::Auto`] times the same products on both.
///
/// # Errors
/// When the GPU was asked for by name and there is none.
pub async fn choose(wanted: Wanted) -> Result<Choice, String> {
    let cpu = |reason: String| Choice { device: Device::flex(), gpu: None, reason, gpu_ms: None, cpu_ms: None };
    if wanted == Wanted::Cpu {
        return Ok(cpu("chosen by you".into()));
    }
    let found = match gpu().await {
        Ok(gpu) => match gpu.fault() {
            Some(fault) => Err(format!("{fault}; reload the page to look for it again")),
            None => Ok(gpu),
        },
        Err(reason) => Err(reason),
    };
    let gpu = match (found, wanted) {
        (Ok(gpu), _) => gpu,
        (Err(reason), Wanted::WebGpu) => return Err(reason),
        (Err(reason), _) => return Ok(cpu(reason)),
    };
    let chosen =
        |reason| Choice { device: gpu.device.clone(), gpu: Some(gpu.clone()), reason, gpu_ms: None, cpu_ms: None };
    if wanted == Wanted::WebGpu {
        return Ok(chosen("chosen by you".into()));
    }
    let cpu_ms = probe_ms(&Device::flex()).await?;
    let gpu_ms = match probe_ms(&gpu.device).await {
        Ok(gpu_ms) => gpu_ms,
        Err(error) => return Ok(cpu(format!("the adapter {} failed a test ({error})", gpu.adapter))),
    };
    let choice = if gpu_ms <= cpu_ms {
        chosen(format!("{:.1} times faster than the CPU in a test of matrix products", cpu_ms / gpu_ms))
    } else {
        let ratio = gpu_ms / cpu_ms;
        cpu(format!("the adapter {} was {ratio:.1} times slower in a test of matrix products", gpu.adapter))
    };
    Ok(Choice { gpu_ms: Some(gpu_ms), cpu_ms: Some(cpu_ms), ..choice })
}

/// Products in one timed probe: enough to hide the latency of reading one number back.
const PROBE_PRODUCTS: usize = 8;

/// Best of three timings of a chain of matrix products of a small model's size, in milliseconds.
async fn probe_ms(device: &Device) -> Result<f64, String> {
    let (lanes, rows, width) = (4, 256, 64);
    let at = Affine { offset: 0, inputs: width, outputs: width, bias_rows: 1 };
    let x = buffer::upload(vec![0.01; lanes * rows * width], [lanes, rows, width], device);
    let weights = buffer::upload(vec![0.01; lanes * at.len()], [lanes, at.len()], device);
    let mut best = f64::INFINITY;
    // The first round compiles the kernel and is not timed.
    for round in 0..4 {
        let start = Instant::now();
        let mut y = x.clone();
        for _ in 0..PROBE_PRODUCTS {
            y = Dispatch::linear(&y, &weights, at);
        }
        let values = buffer::read(y).await?;
        if !values.iter().all(|value| value.is_finite()) {
            return Err("the test products are not finite".into());
        }
        if round > 0 {
            best = best.min(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(best)
}
