//! A drawn chance. The caller draws it, so that a run can be repeated.

/// A number in `[0, 1)`, made from random bits that the caller drew.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Chance(f64);

impl Chance {
    /// The smallest draw.
    pub const LEAST: Self = Self(0.0);

    /// Evenly spread over `[0, 1)` when the bits are evenly drawn.
    ///
    /// The upper 52 bits become the fraction of a float between one and two: no rounding, and
    /// one itself cannot be reached.
    pub const fn from_bits(bits: u64) -> Self {
        const ONE: u64 = 1.0_f64.to_bits();
        Self(f64::from_bits(ONE | (bits >> 12)) - 1.0)
    }

    /// The number in `[0, 1)`.
    pub const fn get(self) -> f64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_bits_are_the_ends_of_the_range() {
        assert_eq!(Chance::from_bits(0), Chance::LEAST);
        let most = Chance::from_bits(u64::MAX).get();
        assert!(most > 0.999_999 && most < 1.0, "{most}");
    }

    #[test]
    fn half_of_the_bits_is_a_half() {
        assert!((Chance::from_bits(1 << 63).get() - 0.5).abs() < f64::EPSILON);
    }
}
