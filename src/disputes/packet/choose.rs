//! Which rows of a long log are shown.

/// Positions of at most `limit` rows: classes in ascending order, each whole while it fits; of the
/// first class that does not fit, an even sample with its first and last row.
///
/// Shape: `classes[i]` is the class of row `i`. The answer is sorted.
pub(super) fn choose(classes: &[u8], limit: usize) -> Vec<usize> {
    let mut order: Vec<(u8, usize)> = classes.iter().copied().zip(0..).collect();
    order.sort_unstable();
    let mut chosen = Vec::new();
    for class in order.chunk_by(|one, other| one.0 == other.0) {
        let room = limit.saturating_sub(chosen.len());
        let picked = sample(class.len(), room);
        chosen.extend(picked.filter_map(|at| class.get(at)).map(|&(_, row)| row));
    }
    chosen.sort_unstable();
    chosen
}

/// `room` positions of `0..count`, evenly spread from the first to the last.
fn sample(count: usize, room: usize) -> impl Iterator<Item = usize> {
    let taken = room.min(count);
    let steps = taken.saturating_sub(1).max(1);
    (0..taken).map(move |step| step * (count - 1) / steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_classes_first_then_an_even_sample() {
        assert_eq!(choose(&[], 3), Vec::<usize>::new());
        assert_eq!(choose(&[1, 0, 1], 3), [0, 1, 2]);
        assert_eq!(choose(&[1, 0, 1, 1, 1, 1], 3), [0, 1, 5]);
        assert_eq!(choose(&[0; 9], 3), [0, 4, 8]);
        assert_eq!(choose(&[0; 9], 1), [0]);
        assert_eq!(choose(&[0, 0, 1], 2), [0, 1]);
        assert_eq!(choose(&[0; 100], 40).len(), 40);
    }
}
