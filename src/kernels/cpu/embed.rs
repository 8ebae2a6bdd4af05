//! Token ids as the columns that an embedding multiplies.

/// Writes `columns` `[width, rows]`, whose column `r` is 1 at feature `ids[r]` and 0 elsewhere.
pub fn one_hot(ids: &[f32], columns: &mut [f32]) {
    columns.fill(0.0);
    for (row, id) in ids.iter().enumerate() {
        columns[*id as usize * ids.len() + row] = 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_holds_one_one_at_its_id() {
        let mut columns = [9.0; 6];
        one_hot(&[2.0, 0.0], &mut columns);
        assert_eq!(columns, [0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    }
}
