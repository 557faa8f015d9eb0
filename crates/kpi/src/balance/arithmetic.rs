//! Checked arithmetic of integers that are not below 0.

/// The greatest common divisor; that of a number and 0 is the number.
pub(super) fn greatest_divisor(mut left: i128, mut right: i128) -> i128 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

/// The least common multiple of numbers above 0; none if it does not fit.
pub(super) fn least_multiple(left: i128, right: i128) -> Option<i128> {
    (left / greatest_divisor(left, right)).checked_mul(right)
}

/// The sum; none if it, or what is added, does not fit.
pub(super) fn sum(mut numbers: impl Iterator<Item = Option<i128>>) -> Option<i128> {
    numbers.try_fold(0_i128, |sum, number| sum.checked_add(number?))
}
