//! In whose hands the amount of a deal is: which reps share it, and in which territory.

use model::RepIndex;

use crate::history::State;

/// Whether every amount is divided over the same reps in the same territory. Who owns a deal that is credited to others
/// does not matter, nor does overlay credit.
pub(crate) fn are_same(one: &State<'_>, two: &State<'_>) -> bool {
    let is_told_the_same = one.rep == two.rep && one.credits.0 == two.credits.0;
    one.territory == two.territory && (is_told_the_same || shares(one).eq(shares(two)))
}

/// The credited reps and their shares, in basis points; the owner with all where nobody is credited.
fn shares<'s>(state: &State<'s>) -> impl Iterator<Item = (RepIndex, u32)> + use<'s> {
    let credits = state.credits.iter().filter(|credit| !credit.overlay);
    let mut credited = credits.map(|credit| (credit.rep, credit.share_basis_points)).peekable();
    let owner = credited.peek().is_none().then_some((state.rep, model::WHOLE_SHARE_BASIS_POINTS));
    owner.into_iter().chain(credited)
}
