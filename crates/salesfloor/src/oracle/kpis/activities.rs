//! What reps spend their time on.

use std::collections::BTreeMap;

use model::Category;

use super::asked::Asked;
use super::books::Activity;
use super::{Answer, Number, Part};

/// By category; each is told.
fn by_category(asked: &Asked<'_>, of: impl Fn(&Activity) -> i128) -> Answer {
    let sum = |category| {
        let of_category = asked.activities().filter(|activity| activity.category == category);
        of_category.map(&of).sum()
    };
    let parts = Category::ALL.into_iter().map(|category| (Part::Category(category), sum(category)));
    let parts = parts.map(|(part, sum)| (part, Some(Number::Sum(sum)))).collect();
    Answer { parts, ..Answer::sum(asked.activities().map(&of).sum()) }
}

/// By the types that there are.
fn by_type(asked: &Asked<'_>, of: impl Fn(&Activity) -> i128) -> Answer {
    let mut sums = BTreeMap::new();
    for activity in asked.activities() {
        *sums.entry(Part::Type(activity.category, activity.of_type.clone())).or_insert(0) += of(activity);
    }
    let parts = sums.into_iter().map(|(part, sum)| (part, Some(Number::Sum(sum)))).collect();
    Answer { parts, ..Answer::sum(asked.activities().map(&of).sum()) }
}

fn seconds(activity: &Activity) -> i128 {
    activity.seconds.into()
}

pub(super) fn activities(asked: &Asked<'_>) -> Answer {
    by_category(asked, |_| 1)
}

pub(super) fn activity_minutes(asked: &Asked<'_>) -> Answer {
    by_category(asked, seconds)
}

pub(super) fn activities_by_type(asked: &Asked<'_>) -> Answer {
    by_type(asked, |_| 1)
}

pub(super) fn activity_minutes_by_type(asked: &Asked<'_>) -> Answer {
    by_type(asked, seconds)
}

/// The seconds of a category, or of all.
pub(super) fn seconds_of(asked: &Asked<'_>, category: Option<Category>) -> i128 {
    let of = asked.activities().filter(|activity| category.is_none_or(|of| of == activity.category));
    of.map(seconds).sum()
}

pub(super) fn selling_time_share(asked: &Asked<'_>) -> Answer {
    let with_clients =
        [Category::DigitalClientCommunication, Category::InPersonClientCommunication].map(Some);
    let selling: i128 = with_clients.into_iter().map(|category| seconds_of(asked, category)).sum();
    let all = seconds_of(asked, None);
    let is_enough = selling * 100 >= asked.setting.thresholds.selling_time * all;
    let verdict = if is_enough { "at_benchmark" } else { "below_benchmark" };
    Answer::ratio(selling, all).judged((all > 0).then_some(verdict))
}
