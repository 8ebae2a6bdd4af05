//! Moves numbers between host and device.

use super::{Buffer, LaneOps};
use burn::backend::{Dispatch, TensorMetadata, tensor::IntTensor};
use burn::tensor::{Device, Int, Shape, Tensor, TensorData, Transaction};

/// Uploads `values` as a float tensor of `shape`.
pub fn upload(values: Vec<f32>, shape: impl Into<Shape>, device: &Device) -> Buffer {
    let data = TensorData::new(values, shape);
    match data.shape().num_dims() {
        2 => Tensor::<2>::from_data(data, device).into_dispatch(),
        3 => Tensor::<3>::from_data(data, device).into_dispatch(),
        dims => unreachable!("lane tensors have two or three axes, not {dims}"),
    }
}

/// A tensor of `shape` whose values are not yet set; the operations that fill it must set all of them.
pub fn uninitialised(shape: [usize; 2], device: &Device) -> Buffer {
    Tensor::<2>::empty(shape, device).into_dispatch()
}

/// Uploads `values` as an integer table.
pub fn upload_table(values: Vec<i32>, device: &Device) -> IntTensor<Dispatch> {
    let len = values.len();
    Tensor::<1, Int>::from_data(TensorData::new(values, [len]), device).into_dispatch()
}

/// Reads tensors back together, in order; waits for the work that makes them.
///
/// # Errors
/// The device's own words when it was lost or the work failed.
pub async fn read_all(buffers: Vec<Buffer>) -> Result<Vec<Vec<f32>>, String> {
    let mut transaction = Transaction::default();
    for buffer in buffers {
        transaction = match buffer.rank() {
            2 => transaction.register(Tensor::<2>::from_dispatch(buffer)),
            _ => transaction.register(Tensor::<3>::from_dispatch(buffer)),
        };
    }
    let data = transaction.execute_async().await.map_err(|error| format!("{error:?}"))?;
    data.into_iter().map(|data| data.try_into_vec().map_err(|error| format!("{error:?}"))).collect()
}

/// As [`read_all`], with one read-back where each takes its time: a GPU copies the tensors behind each other first.
///
/// # Errors
/// As [`read_all`].
pub async fn read_together(buffers: Vec<Buffer>) -> Result<Vec<Vec<f32>>, String> {
    let device = buffers.first().map_or_else(Device::flex, device_of);
    if device == Device::flex() || buffers.len() == 1 {
        return read_all(buffers).await;
    }
    let lens: Vec<usize> = buffers.iter().map(|buffer| buffer.shape().num_elements()).collect();
    let mut all = uninitialised([1, lens.iter().sum()], &device);
    let mut first = 0;
    for (buffer, len) in buffers.iter().zip(&lens) {
        all = Dispatch::append(all, buffer, first);
        first += len;
    }
    let values = read(all).await?;
    let mut rest = values.as_slice();
    let part = |len| {
        let (part, behind) = rest.split_at(len);
        rest = behind;
        part.to_vec()
    };
    Ok(lens.into_iter().map(part).collect())
}

fn device_of(buffer: &Buffer) -> Device {
    match buffer.rank() {
        2 => Tensor::<2>::from_dispatch(buffer.clone()).device(),
        _ => Tensor::<3>::from_dispatch(buffer.clone()).device(),
    }
}

/// Reads one tensor back; see [`read_all`].
///
/// # Errors
/// As [`read_all`].
pub async fn read(buffer: Buffer) -> Result<Vec<f32>, String> {
    Ok(read_all(vec![buffer]).await?.remove(0))
}
