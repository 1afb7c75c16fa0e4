//! Work of the CPU kernels in pieces, one per core.

/// Rows (tokens) in a piece of work of a linear layer, a LayerNorm or a GEGLU.
///
/// A constant, not derived from the number of cores: the order in which ∂s is summed depends on it,
/// and results must be the same on every machine.
pub(crate) const ROWS_PER_PIECE: usize = 256;

/// Cuts each output into pieces of its size and runs `f(index, pieces)` for each index, on all
/// cores. In a browser there is one core.
pub(crate) fn for_pieces<const N: usize>(
    outputs: [(&mut [f32], usize); N],
    f: impl Fn(usize, [&mut [f32]; N]) + Sync,
) {
    let mut outputs = outputs.map(|(output, size)| output.chunks_mut(size));
    let pieces: Vec<[&mut [f32]; N]> = core::iter::from_fn(|| {
        let next = outputs.each_mut().map(Iterator::next);
        let whole = next.iter().all(Option::is_some);
        whole.then(|| next.map(Option::unwrap_or_default))
    })
    .collect();
    #[cfg(not(target_family = "wasm"))]
    if pieces.len() > 1 {
        use rayon::prelude::*;
        pieces
            .into_par_iter()
            .enumerate()
            .for_each(|(index, pieces)| f(index, pieces));
        return;
    }
    for (index, pieces) in pieces.into_iter().enumerate() {
        f(index, pieces);
    }
}

/// The sum of all pieces of `len` elements, added in their order.
pub(crate) fn sum_pieces(mut pieces: Vec<f32>, len: usize) -> Vec<f32> {
    let (first, rest) = pieces.split_at_mut(len);
    for piece in rest.chunks_exact(len) {
        first
            .iter_mut()
            .zip(piece)
            .for_each(|(sum, value)| *sum += value);
    }
    pieces.truncate(len);
    pieces
}
