//! Moves numbers between host and device.

use super::Buffer;
use burn::backend::{Dispatch, tensor::IntTensor};
use burn::tensor::{Device, Int, Shape, Tensor, TensorData};

/// Uploads `values` as a float tensor of `shape`.
pub fn upload(values: Vec<f32>, shape: impl Into<Shape>, device: &Device) -> Buffer {
    let data = TensorData::new(values, shape);
    match data.shape().num_dims() {
        2 => Tensor::<2>::from_data(data, device).into_dispatch(),
        3 => Tensor::<3>::from_data(data, device).into_dispatch(),
        dims => unreachable!("lane tensors have two or three axes, not {dims}"),
    }
}

/// Uploads `values` as an integer table.
pub fn upload_table(values: Vec<i32>, device: &Device) -> IntTensor<Dispatch> {
    let len = values.len();
    Tensor::<1, Int>::from_data(TensorData::new(values, [len]), device).into_dispatch()
}

/// Reads a tensor back; waits for the work that makes it.
///
/// # Errors
/// The device's own words when it was lost or the work failed.
pub async fn read(buffer: Buffer) -> Result<Vec<f32>, String> {
    let data = match burn::backend::TensorMetadata::rank(&buffer) {
        1 => Tensor::<1>::from_dispatch(buffer).into_data_async().await,
        2 => Tensor::<2>::from_dispatch(buffer).into_data_async().await,
        _ => Tensor::<3>::from_dispatch(buffer).into_data_async().await,
    };
    data.map_err(|error| format!("{error:?}"))?.try_into_vec().map_err(|error| format!("{error:?}"))
}
