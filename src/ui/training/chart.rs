//! Geometry of the loss chart: smoothing, thinning, SVG paths. No DOM.

/// Width of the view box.
pub const WIDTH: f32 = 600.0;
/// Height of the view box.
pub const HEIGHT: f32 = 180.0;

/// Points drawn at most, about one per pixel.
const POINTS: usize = 400;

/// One measured loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Training step, from 1.
    pub step: usize,
    /// Loss at that step.
    pub loss: f32,
}

/// Exponential moving average with bias correction. Losses that are not finite are skipped.
pub fn smooth(points: &[Point]) -> Vec<Point> {
    const KEEP: f32 = 0.93;
    let (mut mean, mut weight) = (0.0, 0.0);
    points
        .iter()
        .filter(|point| point.loss.is_finite())
        .map(|point| {
            mean = KEEP * mean + (1.0 - KEEP) * point.loss;
            weight = KEEP * weight + (1.0 - KEEP);
            Point {
                step: point.step,
                loss: mean / weight,
            }
        })
        .collect()
}

/// The top of the y axis: the 98th percentile, so that one spike does not flatten the chart.
pub fn ceiling(points: &[Point]) -> f32 {
    let mut losses: Vec<f32> = points
        .iter()
        .map(|point| point.loss)
        .filter(|loss| loss.is_finite())
        .collect();
    if losses.is_empty() {
        return 1.0;
    }
    losses.sort_by(f32::total_cmp);
    let index = (losses.len() - 1) * 98 / 100;
    (losses[index] * 1.15).max(1e-6)
}

/// An SVG path through the points; the x axis ends at `steps`, the y axis at `ceiling`.
pub fn path(points: &[Point], steps: usize, ceiling: f32) -> String {
    use core::fmt::Write;

    let stride = points.len().div_ceil(POINTS).max(1);
    let mut path = String::with_capacity(points.len() / stride * 14 + 14);
    // From the end, so that the latest point is always drawn.
    for point in points
        .iter()
        .rev()
        .step_by(stride)
        .filter(|point| point.loss.is_finite())
    {
        let x = WIDTH * point.step as f32 / steps.max(1) as f32;
        let y = HEIGHT * (1.0 - (point.loss / ceiling).clamp(0.0, 1.0));
        let command = if path.is_empty() { 'M' } else { 'L' };
        // Writing to a String cannot fail.
        let _ = write!(path, "{command}{x:.1} {y:.1}");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(losses: &[f32]) -> Vec<Point> {
        losses
            .iter()
            .enumerate()
            .map(|(i, &loss)| Point { step: i + 1, loss })
            .collect()
    }

    #[test]
    fn smoothing_keeps_a_constant_and_ignores_a_bad_step() {
        let smoothed = smooth(&line(&[0.5, 0.5, f32::NAN, 0.5]));
        assert_eq!(smoothed.len(), 3);
        assert!(smoothed.iter().all(|point| (point.loss - 0.5).abs() < 1e-6));
    }

    #[test]
    fn a_spike_does_not_flatten_the_chart() {
        let mut losses = vec![0.1; 200];
        losses[20] = 50.0;
        assert!(ceiling(&line(&losses)) < 0.2);
    }

    #[test]
    fn a_path_stays_inside_and_ends_at_the_newest_step() {
        let path = path(&line(&[0.2; 5000]), 5000, 0.1);
        assert!(path.starts_with("M600.0 0.0"));
        assert!(path.matches(['M', 'L']).count() <= POINTS);
    }
}
