//! Where the arithmetic runs: finding the GPU, and choosing between it and the CPU by measurement.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Poll, Waker};

use burn::tensor::Device;
use burn_wgpu::WgpuSetup;
use serde::{Deserialize, Serialize};

use crate::kernels::Products;

mod case;
mod probe;

pub use case::{Case, Kernel, Shape};
pub use probe::{Probe, products};

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

/// Kernel launches that the runtime gathers before it submits them: a whole training step.
const LAUNCHES_PER_SUBMIT: usize = 128;

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
    let burn_device = Device::wgpu_options()
        .setup(setup)
        .tasks_max(LAUNCHES_PER_SUBMIT)
        .init()
        .map_err(|error| format!("the runtime refused it ({error})"))?;
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
    /// What the GPU's probe measured, when there is a GPU that serves.
    pub gpu_probe: Option<Probe>,
    /// What the probe of one CPU thread measured.
    pub cpu_probe: Probe,
}

impl Choice {
    /// How the chosen device multiplies fastest.
    pub fn products(&self) -> Products {
        self.gpu.as_ref().and(self.gpu_probe).unwrap_or(self.cpu_probe).products
    }
}

/// Chooses the device for `wanted`; [`Wanted::Auto`] takes whichever is faster at the same products, which
/// `workers` CPU threads share.
///
/// # Errors
/// When the GPU was asked for by name and there is none, or it fails at its first products.
pub async fn choose(wanted: Wanted, workers: usize) -> Result<Choice, String> {
    let cpu_probe = probe::of_cpu().await?;
    let cpu = |reason: String| Choice { device: Device::flex(), gpu: None, reason, gpu_probe: None, cpu_probe };
    if wanted == Wanted::Cpu {
        return Ok(cpu("chosen by you".into()));
    }
    let (gpu, gpu_probe) = match (serving_gpu().await, wanted) {
        (Ok(found), _) => found,
        (Err(reason), Wanted::WebGpu) => return Err(reason),
        (Err(reason), _) => return Ok(cpu(reason)),
    };
    let probe = Some(gpu_probe);
    let chosen =
        |reason| Choice { device: gpu.device.clone(), gpu: Some(gpu.clone()), reason, gpu_probe: probe, cpu_probe };
    let ratio = gpu_probe.dense_ms / cpu_probe.dense_ms * workers as f64;
    let threads = if workers > 1 { format!("{workers} CPU workers") } else { "the CPU".into() };
    Ok(if wanted == Wanted::WebGpu {
        chosen("chosen by you".into())
    } else if ratio <= 1.0 {
        chosen(format!("{:.1} times faster than {threads} in a test of matrix products", 1.0 / ratio))
    } else {
        let adapter = &gpu.adapter;
        let reason =
            format!("the adapter {adapter} was {ratio:.1} times slower than {threads} in a test of matrix products");
        Choice { gpu_probe: probe, ..cpu(reason) }
    })
}

/// The GPU, once it has shown that it computes.
async fn serving_gpu() -> Result<(Gpu, Probe), String> {
    let gpu = gpu().await?;
    if let Some(fault) = gpu.fault() {
        return Err(format!("{fault}; reload the page to look for it again"));
    }
    match probe::of_gpu(&gpu.device).await {
        Ok(probe) => Ok((gpu, probe)),
        Err(error) => Err(format!("the adapter {} failed a test ({error})", gpu.adapter)),
    }
}
